import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Air, joinAir, serveAir } from '../../src/air/index.js';
import type { AirServer, HciTransport } from '../../src/air/index.js';
import { SILENT } from '../support/loggers.js';

const RESET = Buffer.from('01030c00', 'hex');

describe('the air on a Unix socket', () => {
  let directory: string;
  let path: string;
  let air: Air;
  let server: AirServer;

  const answer = async (transport: HciTransport, packet: Buffer): Promise<string> =>
    new Promise((resolve) => {
      transport.onPacket((received) => resolve(received.toString('hex')));
      transport.send(packet);
    });
  const settled = async (size: number): Promise<void> => {
    for (let i = 0; i < 500 && air.size !== size; i++) await sleep(5);
    assert.equal(air.size, size);
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'perigee-air-'));
    path = join(directory, 'air.sock');
    air = new Air();
    server = await serveAir(air, path, SILENT);
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  it('gives each client a controller, and takes it back', async () => {
    const [one, two] = [await joinAir(path), await joinAir(path)];
    assert.equal(await answer(one, RESET), '040e0401030c00');
    assert.equal(await answer(two, RESET), '040e0401030c00');
    assert.equal(air.size, 2);
    one.close();
    two.close();
    await settled(0);
  });

  it('is for this user alone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('puts out a client that speaks no HCI, and serves the others on', async () => {
    const good = await joinAir(path);
    for (let i = 0; i < 20; i++) {
      const bad = connect(path);
      bad.on('error', () => undefined);
      bad.write(Buffer.concat([RESET, Buffer.of(0x99), randomBytes(4_096)]));
      await once(bad, 'close');
    }
    assert.equal(await answer(good, RESET), '040e0401030c00');
    good.close();
    await settled(0);
  });

  it('answers a command wherever its bytes are split', async () => {
    for (let at = 1; at < RESET.length; at++) {
      const client = connect(path);
      client.setNoDelay(true);
      client.write(RESET.subarray(0, at));
      await sleep(5);
      client.write(RESET.subarray(at));
      const [received] = (await once(client, 'data')) as [Buffer];
      assert.equal(received.toString('hex'), '040e0401030c00');
      client.destroy();
    }
    await settled(0);
  });

  it('puts out a client that never reads', async () => {
    const client = connect(path).pause();
    client.on('error', () => undefined);
    await settled(1);
    const flood = Buffer.concat(Array.from({ length: 1_024 }, () => RESET));
    // Bounded: 40 MB of commands would be as much of answers.
    for (let i = 0; i < 10_000 && air.size > 0; i++) {
      client.write(flood);
      if (i % 16 === 0) await sleep(1);
    }
    assert.equal(air.size, 0);
    client.destroy();
  });

  it('takes so many clients and no more', async () => {
    const clients = await Promise.all(Array.from({ length: 16 }, () => joinAir(path)));
    await settled(16);
    const refused = connect(path);
    refused.on('error', () => undefined);
    await once(refused, 'close');
    for (const client of clients) client.close();
    await settled(0);
  });

  it('tells its clients when it ends, and leaves no socket behind', async () => {
    const client = await joinAir(path);
    const lost = new Promise<string>((resolve) => client.onLost(resolve));
    await server[Symbol.asyncDispose]();
    assert.match(await lost, /closed/);
    assert.equal(existsSync(path), false);
    await assert.rejects(joinAir(path), { code: 'radio-unavailable' });
    server = await serveAir(air, path, SILENT);
  });

  it('is not stolen from a gateway that lives', async () => {
    await assert.rejects(serveAir(new Air(), path, SILENT), {
      code: 'radio-unavailable',
      cure: /other gateway/,
    });
  });

  it('takes over from a gateway that was killed', async () => {
    const left = join(directory, 'left.sock');
    const dead = createServer().listen(left);
    await once(dead, 'listening');
    linkSync(left, `${left}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    linkSync(`${left}.kept`, left);
    const next = await serveAir(air, left, SILENT);
    await next[Symbol.asyncDispose]();
  });

  it('overwrites no file and no path that is too long, but says what to do', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, 'mine');
    await assert.rejects(serveAir(air, file, SILENT), { code: 'radio-unavailable' });
    await assert.rejects(serveAir(air, join(directory, 'x'.repeat(120)), SILENT), {
      code: 'radio-unavailable',
    });
    assert.equal(statSync(file).size, 4);
  });
});
