import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBlock, decodeHeader, encodeBlock } from '../../../src/store/blocks/block-codec.js';
import { OpenBlock, rowsOf } from '../../../src/store/blocks/open-block.js';
import type { PlacedRow } from '../../../src/store/series/row.js';
import { ROW_SETS } from '../support-rows.js';

const SAMPLES_MAX = 256;

function blockOf(rows: readonly PlacedRow[]): OpenBlock {
  const block = new OpenBlock(rows[0]?.position ?? { epoch: 3, sequence: 7 });
  rows.forEach((row) => block.add(row));
  return block;
}

function roundTrip(block: OpenBlock, after = 0): readonly PlacedRow[] {
  const { header, parts } = encodeBlock(block);
  const decodedHeader = decodeHeader(header, SAMPLES_MAX) ?? assert.fail('a header');
  const decoded = decodeBlock(decodedHeader, parts) ?? assert.fail('a block');
  return rowsOf({ ...decoded, epoch: block.epoch, first: block.first }, after);
}

describe('a block', () => {
  for (const [name, rows] of Object.entries(ROW_SETS)) {
    it(`of ${name} gives back every observation, in order`, () => {
      assert.deepEqual(roundTrip(blockOf(rows)), rows);
      assert.deepEqual(rowsOf(blockOf(rows), 0), rows);
    });

    it(`of ${name} is read from any place on`, () => {
      const block = blockOf(rows);
      for (const { position } of rows.slice(0, 60))
        assert.deepEqual(
          roundTrip(block, position.sequence),
          rows.filter((row) => row.position.sequence > position.sequence),
        );
    });
  }

  it('says in its header what times it spans', () => {
    const rows = ROW_SETS['two sources'] ?? [];
    const header = decodeHeader(encodeBlock(blockOf(rows)).header, SAMPLES_MAX) ?? assert.fail('a header');
    const span = (times: readonly number[]) => ({ least: Math.min(...times), most: Math.max(...times) });
    assert.deepEqual(header.monotonicUs, span(rows.map((row) => row.monotonicUs)));
    assert.deepEqual(header.wallMs, span(rows.map((row) => row.wallMs)));
  });

  it('is divided so that a reader of one series need not read all', () => {
    const { parts } = encodeBlock(blockOf(ROW_SETS['sixty series'] ?? []));
    assert.ok(parts.length >= 4, `${parts.length} parts`);
    assert.ok(Math.max(...parts.map((part) => part.length)) < 3 * 4096);
  });

  it('is not taken for another one when a piece is cut short or missing', () => {
    const { header, parts } = encodeBlock(blockOf(ROW_SETS['two sources'] ?? []));
    for (let end = 0; end < header.length; end += 1)
      assert.equal(decodeHeader(header.subarray(0, end), SAMPLES_MAX), undefined);
    const whole = decodeHeader(header, SAMPLES_MAX) ?? assert.fail('a header');
    for (const [index, part] of parts.entries()) {
      const without = parts.filter((_, at) => at !== index);
      assert.equal(decodeBlock(whole, without), undefined);
      for (let end = 0; end < part.length; end += 1)
        assert.equal(decodeBlock(whole, parts.with(index, part.subarray(0, end))), undefined);
    }
  });
});
