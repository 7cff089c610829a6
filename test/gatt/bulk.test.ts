import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BulkReceiver, BulkSender, decodeCredit, encodeCredit, pieceBytes } from '@perigee/gatt';
import type { Credit, Progress } from '@perigee/gatt';
import { random32 } from '../support/random.js';

const snapshotOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 7) & 0xff);

/** One session: pieces and credits travel for as long as `holds` says so, each a step. True when all is there. */
function session(
  snapshot: Uint8Array,
  receiver: BulkReceiver,
  maxBytes: number,
  holds: () => boolean,
): Progress | undefined {
  const sender = new BulkSender(snapshot);
  const credits: (Credit | undefined)[] = [receiver.begin(maxBytes)];
  const pieces: Uint8Array[] = [];
  for (; holds();) {
    const credit = credits.shift();
    if (credit !== undefined) {
      const travelled = decodeCredit(encodeCredit(credit));
      assert.deepEqual(travelled, credit);
      assert.equal(sender.grant(travelled), true);
    }
    const piece = sender.take(pieceBytes(maxBytes));
    if (piece !== undefined) pieces.push(piece);
    // The air carries two pieces for each that the gateway makes, or nothing.
    for (const arrived of pieces.splice(0, 2)) {
      const progress = receiver.take(arrived);
      assert.notEqual(progress.kind, 'fault');
      if (progress.kind === 'done') {
        assert.equal(sender.isDone, true);
        return progress;
      }
      if (progress.kind === 'going' && progress.credit) credits.push(progress.credit);
    }
  }
  return undefined;
}

describe('a bulk transfer', () => {
  for (const maxBytes of [20, 100, 244, 509]) {
    for (const size of [1, 63, 64, 65, 5000, 200_000]) {
      it(`carries ${size} bytes in packets of ${maxBytes}`, () => {
        const done = session(snapshotOf(size), new BulkReceiver(size), maxBytes, () => true);
        assert.deepEqual(done, { kind: 'done', snapshot: snapshotOf(size) });
      });
    }
  }

  it('is the same however often, wherever and with whatever MTU its connection is lost', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random32(seed);
      const size = 1 + (next() % 20_000);
      const snapshot = snapshotOf(size);
      const receiver = new BulkReceiver(size);
      let done: Progress | undefined;
      for (let sessions = 0; done === undefined; sessions++) {
        assert.ok(sessions < 2000, `seed ${seed} comes to an end`);
        const before = receiver.received.length;
        let steps = next() % 40;
        done = session(snapshot, receiver, 20 + (next() % 490), () => steps-- > 0);
        assert.ok(receiver.received.length >= before);
      }
      assert.deepEqual(done, { kind: 'done', snapshot });
    }
  });

  it('sends nothing before it was granted, and no more than was', () => {
    const sender = new BulkSender(snapshotOf(1000));
    assert.equal(sender.take(100), undefined);
    assert.equal(sender.grant({ from: 0, until: 150 }), true);
    assert.deepEqual(
      [sender.take(100)?.length, sender.take(100)?.length, sender.take(100)],
      [104, 54, undefined],
    );
    assert.equal(sender.grant({ from: 150, until: 200 }), true);
    assert.equal(sender.take(100)?.length, 54);
    assert.equal(sender.isDone, false);
  });

  it('refuses a credit that is taken back, goes beyond the end, or skips something', () => {
    const sender = new BulkSender(snapshotOf(1000));
    assert.equal(sender.grant({ from: 10, until: 100 }), true);
    for (const credit of [
      { from: 10, until: 90 },
      { from: 0, until: 1001 },
      { from: 11, until: 200 },
    ])
      assert.equal(sender.grant(credit), false);
    const { buffer } = Uint32Array.of(5, 4);
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(7),
      new Uint8Array(9),
      new Uint8Array(buffer),
      encodeCredit({ from: 0, until: 32 * 512 + 1 }),
    ])
      assert.equal(decodeCredit(bytes), undefined);
  });

  it('takes no piece but the next one, and none that was not granted', () => {
    const piece = (offset: number, length: number): Uint8Array =>
      Uint8Array.of(offset, 0, 0, 0, ...new Uint8Array(length));
    for (const wrong of [piece(1, 5), piece(0, 0), piece(0, 200)]) {
      const receiver = new BulkReceiver(100);
      receiver.begin(244);
      assert.equal(receiver.take(wrong).kind, 'fault');
    }
    assert.equal(new BulkReceiver(100).take(piece(0, 5)).kind, 'fault', 'nothing was granted');
  });

  it('keeps at least half a window under way', () => {
    const snapshot = snapshotOf(400_000);
    const receiver = new BulkReceiver(snapshot.length);
    const sender = new BulkSender(snapshot);
    let credit = receiver.begin(244);
    let ahead = 0;
    for (let i = 0; i < 300; i++) {
      if (credit) sender.grant(credit);
      const progress = receiver.take(sender.take(951) ?? assert.fail('it never runs dry'));
      credit = progress.kind === 'going' ? progress.credit : undefined;
      if (credit) ahead = credit.until - credit.from;
    }
    assert.equal(ahead, 12 * 951);
  });
});
