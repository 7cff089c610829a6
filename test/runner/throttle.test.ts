import assert from 'node:assert/strict';
import { createServer, connect, type Socket } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startProcess } from '../../src/runner/process.js';
import { HIGH_WATER_MARK, deliverThrottled, startThrottled } from '../../src/runner/throttle.js';
import { tempFolder } from '../support/temp.js';
import { eventually } from './support-runner.js';

/** What a program prints that is started as a monitor is, in the pieces in which it was delivered. */
async function piecesOf(script: string): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const { exited } = startProcess({
    ...{ program: '/bin/sh', args: ['-c', script], env: { PATH: process.env['PATH'] ?? '' } },
    ...{ sockets: 0, apart: false, console: (chunk) => pieces.push(chunk) },
  });
  assert.equal((await exited).code, 0);
  return pieces;
}

const FOLDER = tempFolder('throttle');

/** Both ends of a cable whose first one is read as a guest's console is. */
async function cable(): Promise<readonly [Socket, Socket]> {
  const path = join(FOLDER, 'cable');
  const server = createServer({ highWaterMark: HIGH_WATER_MARK }).listen(path);
  const far = connect(path);
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [near, far];
}

describe('what a guest prints', () => {
  it('last, and in a flood, is delivered all the same', async () => {
    const pieces = await piecesOf('dd if=/dev/zero bs=65536 count=4 2>/dev/null; echo the end');
    assert.ok(Buffer.concat(pieces).toString('latin1').endsWith('the end\n'));
  });
});

/** So slow that it stays paused once it has said this. */
const RATE = { bytesPerSecond: 1 };
const OPENING = 'x'.repeat(100);
/** A socket holds no more of such writes while nobody reads it. */
const BYTES = 200;

/** The pieces in which comes what is written byte by byte while the stream is paused. */
async function piecesAfterPause(
  stream: Readable,
  begin: () => unknown,
  written: () => Promise<unknown>,
): Promise<number> {
  const pieces: number[] = [];
  const throttled = deliverThrottled(stream, RATE, (chunk) => pieces.push(chunk.length));
  begin();
  await eventually('it is paused', () => stream.isPaused());
  assert.deepEqual(pieces, [OPENING.length], 'the first is heard at once');
  await written();
  throttled.lift();
  await eventually('all has come', () => sum(pieces) === OPENING.length + BYTES);
  return pieces.length - 1;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

describe('a stream that is throttled', () => {
  it('gathers what is written byte by byte, as of a guest that another gateway started', async () => {
    const [near, far] = await cable();
    const write = async (): Promise<void> => {
      for (let count = 0; count < BYTES; count += 1) await new Promise((sent) => far.write('y', sent));
    };
    assert.ok((await piecesAfterPause(near, () => far.write(OPENING), write)) < 5);
    far.destroy();
    near.destroy();
  });

  it('gathers what is written byte by byte, as of a process that was started', async () => {
    const script = `printf ${OPENING}; read -r _; exec dd if=/dev/zero bs=1 count=${BYTES} 2>/dev/null`;
    const child = startThrottled(() =>
      spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const ended = once(child, 'exit');
    const write = (): Promise<unknown> => {
      child.stdin.end('go\n');
      return ended;
    };
    assert.ok((await piecesAfterPause(child.stdout, () => undefined, write)) < 5);
  });

  it('is not read any more beyond its rate, so that its other end has to wait', async () => {
    const [near, far] = await cable();
    let heard = 0;
    const throttled = deliverThrottled(near, { bytesPerSecond: 1000 }, (chunk) => (heard += chunk.length));
    far.write(Buffer.alloc(4 * 1024 * 1024));
    await eventually('it has begun', () => heard > 0);
    assert.ok(far.writableLength > 0);
    assert.ok(heard < 1024 * 1024, `${heard} bytes`);
    throttled.lift();
    await eventually('the rest has come', () => heard === 4 * 1024 * 1024);
    far.destroy();
    near.destroy();
  });

  it('hears the first of what comes, however little it is, at once', async () => {
    const [near, far] = await cable();
    const heard: string[] = [];
    deliverThrottled(near, { bytesPerSecond: 1000, gatherMs: 1 }, (chunk) => heard.push(chunk.toString()));
    for (const word of ['a', 'b', 'c']) {
      far.write(word);
      await eventually(`it has heard ${word}`, () => heard.join('').endsWith(word));
    }
    assert.deepEqual(heard, ['a', 'b', 'c']);
    far.destroy();
    near.destroy();
  });
});
