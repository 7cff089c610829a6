import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Level } from 'level';
import { readLog, writeLog } from '../../../src/store/leveldb/log-file.js';
import { unsnappy } from '../../../src/store/leveldb/snappy.js';
import { batchOf, readTable } from '../../../src/store/leveldb/table-file.js';
import { random } from '../../support/random.js';
import { tempFolder } from '../../support/temp.js';

const folder = tempFolder('leveldb-files');
/** The kind of an entry that says that there is none any more. */
const REMOVED = 0;
const ROWS = Array.from({ length: 900 }, (_, at) => ({
  key: `key-${String(at).padStart(5, '0')}`,
  // Long runs that snappy shortens, and noise that it leaves.
  value: at % 3 === 0 ? 'abc'.repeat(60) : Buffer.from(noise(90, at)).toString('latin1'),
}));

function noise(length: number, seed: number): Uint8Array {
  const chance = random(seed + 1);
  return Uint8Array.from({ length }, () => Math.floor(chance() * 256));
}

/** The files of a LevelDB that holds the rows; each is written twice, first otherwise. */
async function files(isSorted: boolean): Promise<{ readonly log: Uint8Array; readonly table: Uint8Array }> {
  const path = mkdtempSync(join(folder, 'db-'));
  const db = new Level<string, Uint8Array>(path, { valueEncoding: 'view' });
  for (const prefix of ['old ', ''])
    for (const { key, value } of ROWS) await db.put(key, Buffer.from(prefix + value, 'latin1'));
  await db.del(ROWS[7]?.key ?? '');
  if (isSorted)
    await (db as unknown as { compactRange(a: string, b: string): Promise<void> }).compactRange('a', 'z');
  await db.close();
  const read = (ending: string): Uint8Array =>
    readFileSync(join(path, readdirSync(path).find((name) => name.endsWith(ending)) ?? assert.fail(ending)));
  return { log: read('.log'), table: isSorted ? read('.ldb') : new Uint8Array(0) };
}

const equal = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);

const { table } = await files(true);
const { log } = await files(false);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe("LevelDB's logs", () => {
  it('are read batch by batch, as LevelDB wrote them, and written the same', () => {
    const { batches, damagedBytes, isTorn } = readLog(log);
    assert.deepEqual([batches.length, damagedBytes, isTorn], [2 * ROWS.length + 1, 0, false]);
    assert.deepEqual(Buffer.from(writeLog(batches)), Buffer.from(log));
  });

  it('cut short at any byte are torn there, and give every batch before it', () => {
    const small = log.subarray(0, 2000);
    const all = readLog(log).batches.map(text);
    for (let cut = 0; cut <= small.length; cut += 1) {
      const { batches, damagedBytes } = readLog(small.subarray(0, cut));
      assert.equal(damagedBytes, 0, `cut at ${cut}`);
      assert.deepEqual(batches.map(text), all.slice(0, batches.length));
      const room = small.subarray(0, cut).length - writeLog(batches).length;
      assert.ok(room < writeLog(readLog(log).batches.slice(batches.length, batches.length + 1)).length);
    }
  });

  it('with any byte damaged lose batches there and none elsewhere, and say so', () => {
    const all = readLog(log).batches.map(text);
    const known = new Set(all);
    for (let place = 0; place < log.length - 64 * 1024; place += 97) {
      const bytes = Uint8Array.from(log);
      bytes[place] = (bytes[place] ?? 0) ^ 0xff;
      const { batches, damagedBytes } = readLog(bytes);
      assert.ok(damagedBytes > 0, `byte ${place}`);
      assert.ok(batches.length < all.length && batches.length > all.length / 2);
      assert.ok(
        batches.every((batch) => known.has(text(batch))),
        `byte ${place}`,
      );
    }
  });

  it('may hold batches longer than their blocks', () => {
    const batches = [100_000, 0, 32_761, 32_754, 5, 70_000].map((length, at) => noise(length, at));
    assert.deepEqual(readLog(writeLog(batches)).batches.map(text), batches.map(text));
  });
});

describe("LevelDB's tables", () => {
  it('give every row with its newest value first, and are whole', () => {
    const reading = readTable(table) ?? assert.fail('a table');
    assert.deepEqual([reading.isWhole, reading.lost], [true, []]);
    const found = new Map<string, string>();
    for (const { key, tag, value } of reading.entries())
      if (!found.has(text(key))) found.set(text(key), tag[0] === REMOVED ? 'removed' : text(value));
    const expected = ROWS.map(({ key, value }, at) => [key, at === 7 ? 'removed' : value] as const);
    assert.ok(equal(found, new Map(expected)));
  });

  it('with any byte damaged are not whole, and give nothing that was never written', () => {
    const known = new Set([...(readTable(table)?.entries() ?? [])].map((entry) => text(batchOf(entry))));
    for (let place = 0; place < table.length; place += 61) {
      // Between the handles and the magic number is padding.
      if (place >= table.length - 40 && place < table.length - 8) continue;
      const bytes = Uint8Array.from(table);
      bytes[place] = (bytes[place] ?? 0) ^ 0x55;
      const reading = readTable(bytes);
      if (reading === undefined) continue;
      assert.equal(reading.isWhole, false, `byte ${place}`);
      let count = 0;
      for (const entry of reading.entries()) {
        count += 1;
        assert.ok(known.has(text(batchOf(entry))), `byte ${place}`);
      }
      assert.ok(count > ROWS.length / 2);
      for (const { after, upTo } of reading.lost) assert.ok(text(after) < text(upTo));
    }
  });

  it('cut short at any byte are none', () => {
    for (let cut = 0; cut < table.length; cut += 83)
      assert.equal(readTable(table.subarray(0, cut)), undefined);
  });
});

describe('snappy', () => {
  it('is refused where it is noise, whatever the noise is', () => {
    for (let seed = 0; seed < 500; seed += 1) {
      const output = unsnappy(noise(40, seed));
      if (output !== undefined) assert.ok(output.length < 2 ** 24);
    }
  });
});
