import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FRAME_KINDS,
  fragments,
  fromBase64url,
  MAX_MESSAGE_BYTES,
  MAX_PLAINTEXT_BYTES,
  MIN_FRAGMENT_BYTES,
  Reassembler,
  toBase64url,
} from '@perigee/gatt';
import type { FrameKind } from '@perigee/gatt';
import { random32 } from '../support/random.js';
import { hex } from './support-vectors.js';

const KINDS = Object.keys(FRAME_KINDS) as FrameKind[];
const START = 0x80;
const END = 0x40;

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);

describe('fragments', () => {
  it('are put together again whatever the MTU, and none is longer than it carries', () => {
    for (const maxBytes of [20, 21, 22, 64, 182, 244, 509]) {
      for (const length of [1, 18, 19, 20, 38, 39, 243, 244, 1000, MAX_PLAINTEXT_BYTES]) {
        const reassembler = new Reassembler(['sealed']);
        const pieces = fragments('sealed', bytesOf(length), maxBytes);
        assert.ok(pieces.every((piece) => piece.length <= maxBytes));
        const received = pieces.map((piece) => reassembler.push(piece));
        assert.ok(received.slice(0, -1).every(({ kind }) => kind === 'partial'));
        assert.deepEqual(received.at(-1), { kind: 'message', of: 'sealed', bytes: bytesOf(length) });
      }
    }
  });

  it('are put together wherever the message was cut', () => {
    const message = bytesOf(60);
    const head = FRAME_KINDS.sealed;
    for (let first = 1; first < 59; first++) {
      for (let second = first + 1; second < 60; second++) {
        const reassembler = new Reassembler(['sealed']);
        reassembler.push(Uint8Array.of(START | head, ...message.subarray(0, first)));
        reassembler.push(Uint8Array.of(head, ...message.subarray(first, second)));
        const received = reassembler.push(Uint8Array.of(END | head, ...message.subarray(second)));
        assert.deepEqual(received, { kind: 'message', of: 'sealed', bytes: message });
      }
    }
  });

  it('may grow when the MTU does, in the middle of a message', () => {
    const reassembler = new Reassembler(['sealed']);
    const [small = new Uint8Array()] = fragments('sealed', bytesOf(100), 20);
    reassembler.push(small);
    const rest = Uint8Array.of(END | FRAME_KINDS.sealed, ...bytesOf(100).subarray(small.length - 1));
    assert.deepEqual(reassembler.push(rest), { kind: 'message', of: 'sealed', bytes: bytesOf(100) });
  });

  it('of fewer bytes than every connection carries are not made', () => {
    assert.throws(() => fragments('sealed', bytesOf(9), MIN_FRAGMENT_BYTES - 1), RangeError);
  });
});

describe('a reassembler', () => {
  const fault = (reassembler: Reassembler, ...fragment: readonly number[]): string => {
    const received = reassembler.push(Uint8Array.from(fragment));
    return received.kind === 'fault' ? received.reason : received.kind;
  };

  it('refuses what cannot stand where it stands, and drops what was begun', () => {
    const reassembler = new Reassembler(['hello', 'sealed']);
    const { hello, sealed, welcome } = FRAME_KINDS;
    assert.match(fault(reassembler), /without data/);
    assert.match(fault(reassembler, START | sealed), /without data/);
    assert.match(fault(reassembler, START | 0x3f, 1), /no known kind/);
    assert.match(fault(reassembler, START | welcome, 1), /no known kind/);
    assert.match(fault(reassembler, sealed, 1), /nothing that was begun/);
    assert.equal(fault(reassembler, START | hello, 1), 'partial');
    assert.match(fault(reassembler, END | sealed, 1), /nothing that was begun/);
    assert.match(fault(reassembler, END | hello, 1), /nothing that was begun/);
    assert.equal(fault(reassembler, START | sealed, 1), 'partial');
    assert.match(fault(reassembler, START | sealed, 1), /within a message/);
  });

  it('lets a phone begin a handshake anew at any time', () => {
    const reassembler = new Reassembler(['hello', 'sealed']);
    assert.equal(fault(reassembler, START | FRAME_KINDS.sealed, 1), 'partial');
    assert.equal(fault(reassembler, START | FRAME_KINDS.hello, 1), 'partial');
    const whole = reassembler.push(Uint8Array.of(START | END | FRAME_KINDS.hello, 7));
    assert.deepEqual(whole, { kind: 'message', of: 'hello', bytes: Uint8Array.of(7) });
  });

  it('keeps no more of a message than its kind may have', () => {
    for (const kind of KINDS) {
      const reassembler = new Reassembler(KINDS);
      let kept = 0;
      for (let head = START | FRAME_KINDS[kind]; ; head = FRAME_KINDS[kind]) {
        if (reassembler.push(Uint8Array.of(head, ...bytesOf(19))).kind === 'fault') break;
        kept += 19;
        assert.ok(kept <= MAX_MESSAGE_BYTES[kind], kind);
      }
    }
  });

  it('survives a hundred thousand fragments of chance', () => {
    const next = random32(5);
    const reassembler = new Reassembler(KINDS);
    for (let i = 0; i < 100_000; i++) {
      const fragment = Uint8Array.from({ length: next() % 24 }, () => next() & 0xff);
      const received = reassembler.push(fragment);
      if (received.kind === 'message') assert.ok(received.bytes.length <= MAX_PLAINTEXT_BYTES + 16);
    }
  });
});

describe('base64url', () => {
  it('is the same as the platform has it', () => {
    for (let length = 0; length < 80; length++) {
      const text = Buffer.from(bytesOf(length)).toString('base64url');
      assert.equal(toBase64url(bytesOf(length)), text);
      assert.equal(hex(fromBase64url(text)), hex(bytesOf(length)));
    }
  });

  it('takes no text that it would not write', () => {
    for (const text of ['A', 'AB', 'AAA=', 'AA==', 'A+', 'A A', 'AAAAA', 'Ä']) {
      assert.equal(fromBase64url(text), undefined, text);
    }
  });
});
