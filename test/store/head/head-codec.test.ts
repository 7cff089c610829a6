import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeadDecoder, HeadEncoder } from '../../../src/store/head/head-codec.js';
import type { PlacedRow } from '../../../src/store/series/row.js';
import { random } from '../../support/random.js';
import { ROW_SETS } from '../support-rows.js';

const SAMPLES_MAX = 256;

function decodeAll(payloads: readonly Uint8Array[], decoder = new HeadDecoder(SAMPLES_MAX)): PlacedRow[] {
  return payloads.flatMap((payload) => [...decoder.decode(payload)]).filter((row) => row !== undefined);
}

describe('the records of the head log', () => {
  for (const [name, rows] of Object.entries(ROW_SETS)) {
    it(`of ${name} come back one by one, in groups, and joined`, () => {
      for (const together of [1, 7, rows.length]) {
        const encoder = new HeadEncoder();
        const payloads: Uint8Array[] = [];
        for (let at = 0; at < rows.length; at += together)
          payloads.push(encoder.encode(rows.slice(at, at + together)));
        assert.deepEqual(decodeAll(payloads), rows);
        assert.deepEqual(decodeAll([Buffer.concat(payloads)]), rows);
      }
    });
  }

  it('stand by themselves from where they start afresh', () => {
    const rows = ROW_SETS['two sources'] ?? [];
    const encoder = new HeadEncoder();
    const early = encoder.encode(rows.slice(0, 20));
    encoder.startAfresh();
    const late = encoder.encode(rows.slice(20));
    assert.deepEqual(decodeAll([late]), rows.slice(20));
    assert.deepEqual(decodeAll([early.subarray(0, early.length - 1), late]), [
      ...rows.slice(0, 19),
      ...rows.slice(20),
    ]);
  });

  it('that follow something lost are left out, up to the next fresh start', () => {
    const rows = ROW_SETS['one source'] ?? [];
    const encoder = new HeadEncoder();
    encoder.encode(rows.slice(0, 10));
    const middle = encoder.encode(rows.slice(10, 20));
    encoder.startAfresh();
    const end = encoder.encode(rows.slice(20));
    assert.deepEqual(decodeAll([middle, end]), rows.slice(20));
  });

  it('cut anywhere give what came whole before the cut, and nothing else', () => {
    for (const [name, rows] of Object.entries(ROW_SETS)) {
      const few = rows.slice(0, 8);
      const bytes = new HeadEncoder().encode(few);
      for (let end = 0; end < bytes.length; end += 1) {
        const read = decodeAll([bytes.subarray(0, end)]);
        assert.deepEqual(read, few.slice(0, read.length), `${name} cut at ${end}`);
      }
    }
  });

  it('of noise are read to an end', () => {
    const chance = random(5);
    for (let round = 0; round < 3000; round += 1) {
      const noise = Uint8Array.from({ length: Math.floor(chance() * 80) }, () => Math.floor(chance() * 24));
      assert.ok(decodeAll([noise]).length <= noise.length);
    }
  });
});
