import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { H4Parser } from '../../src/air/index.js';

const PACKETS = ['01030c00', '0205200300aabbcc', '040e0401030c00', '01012006aabbccddeeff', '0240000000'];
const stream = Buffer.from(PACKETS.join(''), 'hex');
const hex = (packets: readonly Buffer[]): string[] => packets.map((packet) => packet.toString('hex'));

describe('the H4 parser', () => {
  it('finds the same packets wherever the stream is split', () => {
    for (let at = 0; at <= stream.length; at++) {
      const parser = new H4Parser();
      const found = [...parser.push(stream.subarray(0, at)), ...parser.push(stream.subarray(at))];
      assert.deepEqual(hex(found), PACKETS, `split at ${at}`);
    }
  });

  it('finds them when they come byte by byte', () => {
    const parser = new H4Parser();
    assert.deepEqual(hex([...stream].flatMap((byte) => [...parser.push(Buffer.of(byte))])), PACKETS);
  });

  it('stops for good at a byte that starts no packet', () => {
    const parser = new H4Parser();
    const found = parser.push(Buffer.concat([stream, Buffer.from('99', 'hex'), stream]));
    assert.deepEqual(hex(found), PACKETS);
    assert.match(parser.fault ?? '', /0x99/);
    assert.deepEqual(parser.push(stream), []);
  });

  it('waits for no packet that is longer than any', () => {
    const parser = new H4Parser();
    assert.deepEqual(parser.push(Buffer.from('024000ffff', 'hex')), []);
    assert.match(parser.fault ?? '', /65535/);
  });
});
