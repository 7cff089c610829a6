import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Taking } from '../../src/runner/monitor.js';
import { TestGuest } from './support-client.js';
import { random32 } from '../support/random.js';
import { ip, udp } from './support-guest.js';

const TAKEN: Taking = { taken: 1, dropped: 0 };

const post = (body: string, more = '', path = '/write'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nConnection: close\r\n${more}\r\n${body}`;

async function statusOf(request: string, verdict = TAKEN): Promise<string> {
  await using guest = new TestGuest(() => verdict);
  return (await guest.converse(request)).split('\r\n')[0] ?? '';
}

describe('lines that are posted', () => {
  it('are taken as one, by the paths of both versions of InfluxDB', async () => {
    await using guest = new TestGuest(() => TAKEN);
    for (const path of ['/write?db=x&precision=s', '/api/v2/write?org=o&bucket=b'])
      assert.match(await guest.converse(post('a value=1\nb value=2', '', path)), /^HTTP\/1\.1 204 /);
    assert.deepEqual(guest.bodies, ['a value=1\nb value=2', 'a value=1\nb value=2']);
  });

  it('are taken in chunks, after a question, and one request behind the other', async () => {
    await using guest = new TestGuest(() => TAKEN);
    const chunked =
      'POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na val\r\n4\r\nue=1\r\n0\r\n\r\n';
    const answer = await guest.converse(chunked + post('b value=2', 'Expect: 100-continue\r\n'));
    assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 204', 'HTTP/1.1 100', 'HTTP/1.1 204']);
    assert.deepEqual(guest.bodies, ['a value=1', 'b value=2']);
  });

  it('are told what became of them', async () => {
    assert.match(await statusOf(post('no point'), { taken: 0, dropped: 0 }), / 400 /);
    assert.match(await statusOf(post('a value=1'), { taken: 0, dropped: 1 }), / 429 /);
    const fault = { taken: 1, dropped: 1, fault: 'a line has the tag image' };
    assert.match(await statusOf(post('a,image=x value=1'), fault), / 400 /);
  });

  it('are refused with what to do: too long, compressed, elsewhere, by another method, and what is no HTTP', async () => {
    assert.match(await statusOf(post('x'.repeat(65_537))), / 413 /);
    assert.match(await statusOf(post('x', 'Content-Encoding: gzip\r\n')), / 415 /);
    assert.match(await statusOf(post('x', '', '/metrics')), / 404 /);
    assert.match(await statusOf('GET /write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), / 405 /);
    assert.match(await statusOf('GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), / 204 /);
    assert.match(await statusOf('hello?\r\n\r\n'), / 400 /);
    assert.match(await statusOf(`GET / HTTP/1.1\r\nX: ${'x'.repeat(5000)}\r\n\r\n`), / 431 /);
  });

  it('arrive whole over a cable that loses every third answer', async () => {
    let count = 0;
    await using guest = new TestGuest(
      () => TAKEN,
      () => (count += 1) % 3 === 0,
    );
    const body = Array.from({ length: 800 }, (_, n) => `a value=${n}`).join('\n');
    assert.match(await guest.converse(post(body)), /^HTTP\/1\.1 204 /);
    assert.deepEqual(guest.bodies, [body]);
  });
});

describe('a guest on its cable', () => {
  it('can send what it likes: the gateway goes on, and takes lines afterwards', async () => {
    await using guest = new TestGuest(() => TAKEN);
    const random = random32(3);
    for (let round = 0; round < 2000; round += 1) {
      guest.send(Buffer.from(Array.from({ length: random() % 200 }, () => random() & 0xff)));
      if (round % 10 === 0) await new Promise(setImmediate);
    }
    guest.send(ip(17, udp(8089, 'a value=1')));
    assert.match(await guest.converse(post('b value=2')), / 204 /);
    assert.deepEqual(guest.bodies, ['a value=1', 'b value=2']);
  });

  it('that reads nothing makes the gateway hold a bounded amount of answers', async () => {
    await using guest = new TestGuest(() => TAKEN);
    guest.cable.pause();
    const [ping] = [ip(1, Buffer.from('0800f7ff00000000', 'hex'))];
    for (let round = 0; round < 20_000; round += 1) {
      guest.send(ping);
      if (round % 100 === 0) await new Promise(setImmediate);
    }
    assert.ok(guest.held < 128 * 1024, `${guest.held} bytes`);
  });
});
