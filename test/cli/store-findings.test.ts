import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { journalFinding } from '../../src/cli/store-findings.js';

const EXT4 = 0xef53;
const found = (blockBytes: number, type: number, powerCutSeconds: number, durability = 'normal') =>
  journalFinding({ blockBytes, type }, { powerCutSeconds, durability: durability as 'normal' | 'frugal' });

describe('what the doctor says of a card', () => {
  it('is how much its journal is written where that is more than the samples, and what helps', () => {
    const [finding] = found(4096, EXT4, 10);
    assert.match(finding?.text ?? '', /blocks of 4 KiB: to lose no more than 10 s .* 142 MB a day/);
    assert.match(finding?.cure ?? '', /store.powerCutSeconds: 30.*frugal.*1 kB/);
  });

  it('is nothing where it is little, or nothing is known of it', () => {
    for (const nothing of [
      found(1024, EXT4, 10),
      found(4096, EXT4, 30),
      found(4096, EXT4, 10, 'frugal'),
      found(4096, 0x01021994, 10),
    ])
      assert.deepEqual(nothing, []);
  });
});
