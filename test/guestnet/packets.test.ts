import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { random32 } from '../support/random.js';
import { createSplitter, wrap } from '../../src/guestnet/framing.js';
import { Stack } from '../../src/guestnet/stack.js';
import { EVERYBODY, GATEWAY, GUEST, ethernet, ip, readIp, sum16, udp, udpSummed } from './support-guest.js';
import { u16, u32 } from './support-guest.js';

/** What comes back for these frames, and which lines came in. */
function exchange(...frames: readonly Buffer[]): { readonly sent: Buffer[]; readonly lines: string[] } {
  const sent: Buffer[] = [];
  const lines: string[] = [];
  const stack = new Stack({
    transmit: (frame) => sent.push(frame),
    lines: (payload) => lines.push(payload.toString()),
    connected: () => assert.fail('nobody connects'),
  });
  for (const frame of frames) stack.receive(frame, 0);
  return { sent, lines };
}

const arp = (asked: Buffer, operation = 1): Buffer =>
  ethernet(
    0x0806,
    Buffer.concat([
      ...[u16(1), u16(0x0800), Buffer.from([6, 4]), u16(operation)],
      ...[GUEST.mac, GUEST.ip, Buffer.alloc(6), asked],
    ]),
    EVERYBODY.mac,
  );

const echo = (kind: number, text: string): Buffer => {
  const rest = Buffer.concat([u16(77), u16(1), Buffer.from(text)]);
  const plain = Buffer.concat([Buffer.from([kind, 0, 0, 0]), rest]);
  return Buffer.concat([Buffer.from([kind, 0]), sum16(plain), rest]);
};

function dhcp(kind: number, ...options: readonly (readonly number[])[]): Buffer {
  const fixed = Buffer.concat([Buffer.from([1, 1, 6, 0]), u32(0xfeedface), Buffer.alloc(20), GUEST.mac]);
  const all = [[53, 1, kind], ...options, [255]].flat();
  const message = Buffer.concat([fixed, Buffer.alloc(236 - fixed.length), u32(0x63825363), Buffer.from(all)]);
  return ip(17, udp(67, message, 68), { from: Buffer.alloc(4), to: EVERYBODY.ip, mac: EVERYBODY.mac });
}

const LINES = ip(17, udpSummed(8089, 'a value=1'));

describe('the gateway of a guest', () => {
  it('answers to its own address, and to no other', () => {
    const [answer, ...more] = exchange(arp(GATEWAY.ip), arp(GUEST.ip), arp(Buffer.from([8, 8, 8, 8]))).sent;
    const expected = ['525400123456', '52550a000202', '0806', '0001080006040002'];
    expected.push('52550a000202', '0a000202', '525400123456', '0a00020f', '00'.repeat(18));
    assert.equal(answer?.toString('hex'), expected.join(''));
    assert.deepEqual(more, []);
    assert.deepEqual(exchange(arp(GATEWAY.ip, 2)).sent, []);
  });

  it('answers a ping with what it carried', () => {
    const [answer] = exchange(ip(1, echo(8, 'around the world'))).sent;
    assert.deepEqual(readIp(answer ?? assert.fail('an answer')).body, echo(0, 'around the world'));
    assert.deepEqual(exchange(ip(1, echo(0, 'an answer'))).sent, []);
    assert.deepEqual(exchange(ip(1, echo(8, 'past it'), { to: Buffer.from([10, 0, 2, 3]) })).sent, []);
  });

  it('gives the one address there is, and refuses to confirm another', () => {
    const kindOf = (frame: Buffer): unknown => {
      const message = readIp(frame).body.subarray(8);
      const options = message.subarray(240);
      assert.deepEqual([options[0], options[1], message.readUInt32BE(4)], [53, 1, 0xfeedface]);
      return [options[2], message.subarray(16, 20).join('.')];
    };
    const asked = [
      dhcp(1),
      dhcp(3, [50, 4, 10, 0, 2, 15], [54, 4, 10, 0, 2, 2]),
      dhcp(3, [50, 4, 10, 0, 2, 99]),
      dhcp(3, [50, 4, 10, 0, 2, 15], [54, 4, 10, 0, 2, 9]),
      dhcp(7),
    ];
    assert.deepEqual(exchange(...asked).sent.map(kindOf), [
      [2, '10.0.2.15'],
      [5, '10.0.2.15'],
      [6, '0.0.0.0'],
    ]);
  });

  it('takes lines by UDP on one port, with a right checksum or none', () => {
    const { lines, sent } = exchange(
      ...[
        ip(17, udp(8089, 'a value=1')),
        ip(17, udpSummed(8089, 'b value=2')),
        ip(17, udpSummed(8089, 'odd')),
      ],
      ...[ip(17, udpSummed(8089, 'wrong', 1)), ip(17, udp(53, 'a name?')), ip(17, udp(8086, 'another port'))],
    );
    assert.deepEqual(lines, ['a value=1', 'b value=2', 'odd']);
    assert.deepEqual(sent, []);
  });

  it('takes no fragments, nothing for others, and nothing whose header is wrong', () => {
    const wrong = Buffer.from(LINES);
    wrong.writeUInt8(wrong.readUInt8(22) ^ 1, 22);
    const { lines, sent } = exchange(
      ...[ip(17, udp(8089, 'x'), { fragment: 0x2000 }), ip(17, udp(8089, 'x'), { fragment: 1 }), wrong],
      ...[ip(17, udp(8089, 'x'), { to: GUEST.ip }), ip(17, udp(8089, 'x'), { to: EVERYBODY.ip })],
      ...[ip(17, udp(8089, 'x'), { mac: GUEST.mac }), ip(99, Buffer.from('x')), ethernet(0x86dd, LINES)],
    );
    assert.deepEqual([lines, sent], [[], []]);
  });

  it('survives frames that are cut off anywhere', () => {
    for (const frame of [arp(GATEWAY.ip), ip(1, echo(8, 'x')), dhcp(1), LINES])
      for (let length = 0; length < frame.length; length += 1)
        assert.deepEqual(exchange(frame.subarray(0, length)).lines, []);
  });

  it('survives frames that are changed anywhere, answers each by one at most, and goes on', () => {
    const random = random32(2);
    const whole = [arp(GATEWAY.ip), ip(1, echo(8, 'x')), dhcp(1), dhcp(3, [50, 4, 10, 0, 2, 15]), LINES];
    const changed = Array.from({ length: 30_000 }, (_, round) => {
      const frame = Buffer.from(whole[round % whole.length] ?? LINES);
      for (let times = random() % 4; times >= 0; times -= 1) frame[random() % frame.length] = random() & 0xff;
      return frame;
    });
    const { lines, sent } = exchange(...changed, LINES);
    assert.ok(sent.length + lines.length <= changed.length + 1);
    assert.equal(lines.at(-1), 'a value=1');
  });
});

describe("QEMU's stream of frames", () => {
  const frames = [Buffer.from('a'), Buffer.alloc(1514, 'b'), Buffer.from('cc')];
  const framed = frames.map(wrap);
  // Longer than a frame can be, and empty: both are passed over.
  const others = [Buffer.alloc(1515, 'x'), Buffer.alloc(0), Buffer.alloc(70_000)].map(wrap);
  const stream = Buffer.concat([...others.slice(0, 1), ...framed, ...others.slice(1), ...framed]);
  const split = (chunks: readonly Buffer[]): readonly Buffer[] => {
    const splitter = createSplitter();
    return chunks.flatMap((chunk) => Array.from(splitter(chunk), (frame) => Buffer.from(frame)));
  };

  it('gives the same frames wherever it is cut', () => {
    for (let at = 0; at <= stream.length; at += at < 3100 ? 1 : 997)
      assert.deepEqual(split([stream.subarray(0, at), stream.subarray(at)]), [...frames, ...frames]);
    const bytes = Array.from(stream.subarray(0, 5000), (byte) => Buffer.from([byte]));
    assert.deepEqual(split(bytes), frames);
  });
});
