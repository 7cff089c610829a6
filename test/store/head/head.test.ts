import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { parseGatewayId } from '../../../src/domain/index.js';
import type { HeadStarts } from '../../../src/store/format/codec.js';
import { HeadRing, RING_BYTES, RING_FILE } from '../../../src/store/head/head-ring.js';
import { Head } from '../../../src/store/head/head.js';
import { Aside } from '../../../src/store/salvage/set-aside.js';
import type { PlacedRow } from '../../../src/store/series/row.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { ROW_SETS } from '../support-rows.js';

const folder = tempFolder('head');
const newFolder = (): string => mkdtempSync(join(folder, 'store-'));
/** Where the ring begins in its file. */
const HEADER_BYTES = 4096;
const OURS = parseGatewayId('00000000000000aa');
const nothingFirst = (): Promise<void> => Promise.resolve();
const NO_STARTS: HeadStarts = { card: 0, memory: 0 };

function openHead(at: string, starts = NO_STARTS, memoryFolder?: string): ReturnType<typeof Head.open> {
  const aside = new Aside(at, 0);
  return Head.open({
    folder: at,
    memoryFolder,
    onCard: true,
    starts,
    gatewayId: OURS,
    aside,
    logger: SILENT,
  });
}

/** What the next opening finds. */
async function found(at: string, starts = NO_STARTS, memoryFolder?: string): Promise<readonly PlacedRow[]> {
  const { head, rows } = await openHead(at, starts, memoryFolder);
  await head[Symbol.asyncDispose]();
  return rows;
}

/** Appends each row by itself, with a sync after every `each`; gives the starts, and the ring's end after each row. */
async function write(at: string, rows: readonly PlacedRow[], each: number, memoryFolder?: string) {
  const { head } = await openHead(at, NO_STARTS, memoryFolder);
  const { starts } = head;
  const ends: number[] = [];
  for (const [index, row] of rows.entries()) {
    await head.append([row]);
    if ((index + 1) % each === 0) head.sync(nothingFirst);
    await head.settled();
    ends.push(head.starts.card - starts.card);
  }
  await head[Symbol.asyncDispose]();
  return { starts, ends };
}

async function overwrite(at: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await openFile(join(at, RING_FILE), 'r+');
  await file.write(bytes, 0, bytes.length, HEADER_BYTES + offset);
  await file.close();
}

const ROWS = (ROW_SETS['two sources'] ?? []).slice(0, 12);

describe('the head log', () => {
  it('gives back what was appended, in order, and has nothing at first', async () => {
    const at = newFolder();
    assert.deepEqual(await found(at), []);
    const { starts } = await write(at, ROWS, 5);
    assert.deepEqual(await found(at, starts), ROWS);
  });

  for (const [what, old] of [
    ['zeros', 0],
    ['old bytes', 0x5a],
  ] as const) {
    it(`torn at any byte of its last write, over ${what}, has everything before it`, async () => {
      const at = newFolder();
      const { starts, ends } = await write(at, ROWS, 100);
      const [from = 0, to = 0] = ends.slice(-2);
      const last = readFileSync(join(at, RING_FILE)).subarray(HEADER_BYTES + from, HEADER_BYTES + to);
      for (let cut = 0; cut < last.length; cut += 1) {
        await overwrite(
          at,
          from,
          Buffer.concat([last.subarray(0, cut), Buffer.alloc(last.length - cut, old)]),
        );
        assert.deepEqual(await found(at, starts), ROWS.slice(0, -1), `cut at ${cut}`);
      }
      await overwrite(at, from, last);
      assert.deepEqual(await found(at, starts), ROWS);
    });
  }

  it('with any byte damaged loses no more than the sync to which it belongs', async () => {
    const at = newFolder();
    const each = 4;
    const { starts, ends } = await write(at, ROWS, each);
    const whole = readFileSync(join(at, RING_FILE)).subarray(HEADER_BYTES);
    for (let place = 0; place < (ends.at(-1) ?? 0); place += 1) {
      await overwrite(at, place, Uint8Array.of((whole[place] ?? 0) ^ 0xff));
      const rows = await found(at, starts);
      const damaged = ends.findIndex((end) => end > place);
      const group = Math.floor(damaged / each);
      const expected = ROWS.filter((_, index) => index < damaged || Math.floor(index / each) > group);
      assert.deepEqual(rows, expected, `byte ${place}`);
      await overwrite(at, place, whole.subarray(place, place + 1));
    }
  });

  it('written round and round gives back what came after its start, and nothing of earlier laps', async () => {
    const at = newFolder();
    const rows = ROW_SETS['odd numbers'] ?? [];
    const { head } = await openHead(at);
    let sequence = 0;
    let kept: PlacedRow[] = [];
    let starts = head.starts;
    for (let bytes = 0; bytes < 3.4 * RING_BYTES;) {
      const before = head.starts.card;
      const group = Array.from({ length: 250 }, (): PlacedRow => {
        sequence += 1;
        return { ...(rows[sequence % rows.length] ?? assert.fail()), position: { epoch: 3, sequence } };
      });
      await head.append(group);
      kept.push(...group);
      bytes += head.starts.card - before;
      if (kept.length < 40_000) continue;
      starts = head.starts;
      head.release();
      kept = [];
    }
    await head[Symbol.asyncDispose]();
    assert.ok(kept.length > 0);
    assert.deepEqual(await found(at, starts), kept);
  });

  it('takes no more than fits into its ring', async () => {
    const { head } = await openHead(newFolder());
    const rows = (ROW_SETS['sixty series'] ?? []).slice(0, 200);
    await assert.rejects(async () => {
      for (;;) {
        await head.append(rows);
        // Afresh each time: no repetition makes it small.
        head.sync(nothingFirst);
      }
    }, /the head log is full/);
    head.release();
    await head.append(rows);
    await head[Symbol.asyncDispose]();
  });

  it('that is a file of somebody else is set aside, and a new one is begun', async () => {
    for (const foreign of ['', 'theirs', 'x'.repeat(HEADER_BYTES + RING_BYTES)]) {
      const at = newFolder();
      writeFileSync(join(at, RING_FILE), foreign);
      const { starts } = await write(at, ROWS, 3);
      assert.deepEqual(await found(at, starts), ROWS);
      assert.deepEqual(readFileSync(join(asideOf(at), RING_FILE), 'utf8'), foreign);
    }
    const at = newFolder();
    symlinkSync('/etc/passwd', join(at, RING_FILE));
    await write(at, ROWS, 3);
    assert.deepEqual(readdirSync(at), [RING_FILE]);
    assert.deepEqual(readdirSync(asideOf(at)), [RING_FILE]);
  });

  it('that is of another gateway is never read as ours, and set aside', async () => {
    const at = newFolder();
    const { starts } = await write(at, ROWS, 3);
    const theirs = parseGatewayId('00000000000000bb');
    const aside = new Aside(at, 0);
    const parts = { folder: at, memoryFolder: undefined, onCard: true, aside, logger: SILENT };
    const { head, rows } = await Head.open({ ...parts, starts, gatewayId: theirs });
    await head[Symbol.asyncDispose]();
    assert.deepEqual(rows, []);
    assert.deepEqual(readdirSync(asideOf(at)), [RING_FILE]);
  });

  it('says in its header whose it is, and is read where its header did not say it yet', async () => {
    const at = newFolder();
    const { starts } = await write(at, ROWS, 3);
    const page = Buffer.alloc(HEADER_BYTES);
    page.write(`perigee head log 1, a ring of ${RING_BYTES} bytes\n`);
    await overwrite(at, -HEADER_BYTES, page);
    const { head, rows } = await openHead(at, starts);
    assert.deepEqual(rows, ROWS);
    assert.deepEqual(await HeadRing.peek(at), {});
    await head.begin(7);
    const offset = head.starts.card;
    await head[Symbol.asyncDispose]();
    assert.deepEqual(await HeadRing.peek(at), { gatewayId: OURS, opening: { epoch: 7, offset } });
  });

  it('with any byte of its header damaged is opened, and set aside if nobody can say whose it is', async () => {
    const at = newFolder();
    const { head } = await openHead(at);
    await head.begin(7);
    await head[Symbol.asyncDispose]();
    const header = readFileSync(join(at, RING_FILE)).subarray(0, HEADER_BYTES);
    for (let place = 0; place < 540; place += 1) {
      await overwrite(at, place - HEADER_BYTES, Uint8Array.of((header[place] ?? 0) ^ 0xff));
      const peeked = await HeadRing.peek(at);
      assert.equal(peeked?.gatewayId, place < 512 ? undefined : OURS, `byte ${place}`);
      assert.equal(peeked?.opening?.epoch, place < 512 || place < 528 ? undefined : 7, `byte ${place}`);
      await overwrite(at, place - HEADER_BYTES, header.subarray(place, place + 1));
    }
  });

  it('gives all that is in it where nobody knows any more from where on it is needed', async () => {
    const at = newFolder();
    await write(at, ROWS, 3);
    const { head, rows } = await Head.open({
      ...{ folder: at, memoryFolder: undefined, onCard: true, starts: undefined },
      ...{ gatewayId: OURS, aside: new Aside(at, 0), logger: SILENT },
    });
    await head[Symbol.asyncDispose]();
    assert.deepEqual(rows, ROWS);
  });
});

/** The folder beside it; there is one. */
function asideOf(at: string): string {
  const name = readdirSync(folder).filter((each) => each.startsWith(`${basename(at)}.damaged-`));
  assert.equal(name.length, 1);
  return join(folder, name[0] ?? '');
}

describe('the head log in memory and on the card', () => {
  it('has everything after a kill, and what was synced after a power cut', async () => {
    const at = newFolder();
    const memory = newFolder();
    const { starts } = await write(at, ROWS, 5, memory);
    assert.deepEqual(await found(at, starts), ROWS.slice(0, 10));
    const after = { ...starts, card: starts.card + 10 * RING_BYTES };
    assert.deepEqual(await found(at, after, memory), ROWS);
  });

  it('puts a sync into one page of the card where it fits', async () => {
    const at = newFolder();
    const rows = ROW_SETS['sixty series'] ?? [];
    const { ends } = await write(at, rows, 20, newFolder());
    const groups = [0, ...ends.filter((_, index) => (index + 1) % 20 === 0)];
    for (const [index, end] of groups.entries()) {
      const before = groups[index - 1] ?? 0;
      if (index > 0)
        assert.ok(Math.floor((end - 1) / 4096) - Math.ceil(before / 4096) <= 0, `${before} to ${end}`);
    }
  });
});
