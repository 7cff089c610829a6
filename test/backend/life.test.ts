import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { BackendError, openBackend } from 'perigee-backend';
import type { BackendErrorCode } from 'perigee-backend';
import { tempFolder } from '../support/temp.js';
import { batchOf, deliver, span } from './support-backend.js';

const COMMAND = resolve('backend/bin/perigee-backend.mjs');
const directory = tempFolder('backend-life');
const data = join(directory, 'data');

function failsAs(code: BackendErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof BackendError, String(error));
    assert.equal(error.code, code);
    assert.notEqual(error.cure, '');
    return true;
  };
}

/** One that should have ended and serves on is ended, so that its test can fail. */
const LIVES_MS = 60_000;

type Process = ChildProcessByStdio<null, Readable, Readable>;

function start(...args: readonly string[]): Process {
  return startWith({}, ...args);
}

function startWith(environment: NodeJS.ProcessEnv, ...args: readonly string[]): Process {
  const env = { ...process.env, ...environment };
  return spawn(process.execPath, [COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    timeout: LIVES_MS,
  });
}

/** Resolves with the address once the command serves. */
async function urlOf(command: Process): Promise<string> {
  const [line] = (await once(command.stdout, 'data')) as [Buffer];
  const url = /listening on (\S+),/.exec(line.toString())?.[1];
  assert.ok(url, line.toString());
  return url;
}

async function endOf(command: Process): Promise<{ readonly status: number; readonly says: string }> {
  let says = '';
  for (const stream of [command.stdout, command.stderr]) {
    stream.on('data', (chunk: Buffer) => (says += chunk.toString()));
  }
  const [status] = (await once(command, 'close')) as [number];
  return { status, says };
}

// One directory serves all of these, in this order: its first opening takes seconds.
describe('a backend on its directory', () => {
  it('keeps what it acknowledged when it is opened again', async () => {
    {
      await using backend = await openBackend({ directory: data, port: 0 });
      await deliver(backend.url, batchOf(span(1, 4)));
    }
    await using backend = await openBackend({ directory: data, port: 0 });
    assert.equal((await backend.totals()).observations, 4);
    assert.equal((await deliver(backend.url, batchOf(span(3, 6)))).observationsApplied, 2);
  });

  it('keeps what it acknowledged when it is killed', async () => {
    const command = start('--port', '0', '--data', data);
    const url = await urlOf(command);
    assert.equal((await deliver(url, batchOf(span(7, 9)))).sequence, 9);
    command.kill('SIGKILL');
    await endOf(command);
    await using backend = await openBackend({ directory: data, port: 0 });
    assert.equal((await backend.totals()).observations, 9);
  });

  it('lets no second one in, and names the directory', async () => {
    await using holder = await openBackend({ directory: data, port: 0 });
    assert.notEqual(holder.url, '');
    await assert.rejects(openBackend({ directory: data, port: 0 }), failsAs('data-dir-locked'));
    const { status, says } = await endOf(start('--port', '0', '--data', data));
    assert.equal(status, 5);
    assert.match(says, /^perigee-backend: another backend is using .*\n$/);
  });

  it('says that the port is taken, and lets the directory go', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await assert.rejects(openBackend({ directory: data, port }), failsAs('port-taken'));
    const { status, says } = await endOf(start('--port', String(port), '--data', data));
    other.close();
    assert.equal(status, 7);
    assert.match(says, new RegExp(`^perigee-backend: port ${port} of 127.0.0.1 is taken.*\n$`));
  });

  it('ends with status 0 when it is asked to', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const command = start('--port', '0', '--data', data);
      await urlOf(command);
      const ended = endOf(command);
      command.kill(signal);
      assert.equal((await ended).status, 0, signal);
    }
  });

  it('is refused when its data are of a newer version', async () => {
    const { PGlite } = await import('@electric-sql/pglite');
    const database = await PGlite.create(join(data, 'postgres'));
    await database.exec('INSERT INTO schema_version VALUES (1000)');
    await database.close();
    await assert.rejects(openBackend({ directory: data, port: 0 }), failsAs('store-corrupt'));
    const { status, says } = await endOf(start('--port', '0', '--data', data));
    assert.equal(status, 6);
    assert.match(says, /version 1000.*newer backend/);
  });

  it('is refused when a file is in its place', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await assert.rejects(openBackend({ directory: file, port: 0 }), failsAs('data-dir-unusable'));
    const { status, says } = await endOf(start('--port', '0', '--data', join(file, 'below')));
    assert.equal(status, 4);
    assert.match(says, /cannot be used/);
  });
});

describe('a directory that cannot be made', () => {
  it('is refused where the file system makes none', { skip: process.platform !== 'linux' }, async () => {
    await assert.rejects(
      openBackend({ directory: '/proc/perigee/data', port: 0 }),
      failsAs('data-dir-unusable'),
    );
  });
});

describe('a first start whose database cannot be made', () => {
  it('says so, and leaves nothing that looks finished', async () => {
    const preload = join(directory, 'preload.cjs');
    writeFileSync(preload, "if (!require('node:worker_threads').isMainThread) process.exit(1);");
    const place = join(directory, 'half');
    const { status, says } = await endOf(
      startWith({ NODE_OPTIONS: `--require=${preload}` }, '--port', '0', '--data', place),
    );
    assert.match(says, /no database could be made.*status 1/);
    assert.equal(status, 4);
    assert.equal(existsSync(join(place, 'postgres')), false);
  });
});

describe('the command perigee-backend', () => {
  it('explains itself', async () => {
    const { status, says } = await endOf(start('--help'));
    assert.equal(status, 0);
    assert.match(says, /Example: /);
  });

  for (const args of [['--port', 'http'], ['--port', '65536'], ['--colour'], ['extra']]) {
    it(`ends with status 2 and one line for ${args.join(' ')}`, async () => {
      const { status, says } = await endOf(start(...args));
      assert.equal(status, 2);
      assert.match(says, /^perigee-backend: .*--help\.\n$/);
    });
  }
});
