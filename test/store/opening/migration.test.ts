import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { Level } from 'level';
import { BEFORE_EVERYTHING } from '../../../src/domain/index.js';
import type { Store } from '../../../src/domain/index.js';
import { encodePosition, encodeTotals } from '../../../src/store/format/codec.js';
import * as keys from '../../../src/store/format/keys.js';
import { openLevelStore } from '../../../src/store/index.js';
import type { StoreFaults } from '../../../src/store/index.js';
import { encodeSeries } from '../../../src/store/series/observation-codec.js';
import { SILENT } from '../../support/loggers.js';
import { tempFolder } from '../../support/temp.js';
import { CLOCK, collect, series } from '../support-store.js';

const folder = tempFolder('migration');
const RUN = '00000000000000aa';
const ROWS = 4500;
/** The epoch changes after these. */
const FIRST_EPOCH = 2900;

function open(directory: string, faults: StoreFaults = {}): Promise<Store> {
  return openLevelStore({ directory, clock: CLOCK, logger: SILENT, faults });
}

const positionOf = (row: number) =>
  row < FIRST_EPOCH ? { epoch: 1, sequence: row + 1 } : { epoch: 2, sequence: row - FIRST_EPOCH + 1 };

/** A store as format 2 left it: a row an observation, the latest of series 1 only as of the checkpoint. */
async function format2(): Promise<string> {
  const directory = mkdtempSync(join(folder, 'data-'));
  const view = { keyEncoding: 'view', valueEncoding: 'view' };
  const db = new Level<Uint8Array, Uint8Array>(join(directory, 'store'), view);
  const identity = '{"program":"perigee","format":2,"gatewayId":"0123456789abcdef","epoch":2}';
  await db.put(keys.IDENTITY_KEY, Buffer.from(identity));
  await db.put(keys.TOTALS_KEY, encodeTotals({ samples: 2 * ROWS, observations: ROWS }));
  await db.put(keys.CHECKPOINT_KEY, encodePosition(positionOf(FIRST_EPOCH)));
  for (const id of [1, 2]) await db.put(keys.seriesKeyOf(id), encodeSeries(id, series(`s${id}`)));
  const { Observation } = perigee.v1;
  await db.put(keys.latestKeyOf(1), Observation.encode({ wallMs: 5, seriesIds: [1], values: [5] }).finish());
  const batch = db.batch();
  for (let row = 0; row < ROWS; row += 1) {
    const times = { monotonicUs: row * 1e6, wallMs: 1000 * row, runId: row % 5 === 0 ? RUN : '' };
    const message = {
      ...times,
      sequence: positionOf(row).sequence,
      seriesIds: [1, 2],
      values: [row / 10, -row],
    };
    batch.put(keys.observationKeyOf(positionOf(row)), Observation.encode(message).finish());
  }
  await batch.write();
  await db.close();
  return directory;
}

async function assertWhole(store: Store): Promise<void> {
  const read = await collect(store.read(BEFORE_EVERYTHING, 2 * ROWS));
  assert.deepEqual(
    read.map(({ position, monotonicUs, wallMs, runId, samples }) => [
      ...[position, monotonicUs, wallMs, runId],
      samples.map(({ series: { name }, value }) => [name, value]),
    ]),
    Array.from({ length: ROWS }, (_, row) => [
      ...[positionOf(row), row * 1e6, 1000 * row, row % 5 === 0 ? RUN : undefined],
      [
        ['s1', row / 10],
        ['s2', -row],
      ],
    ]),
  );
  const counts = { samples: 2 * ROWS, observations: ROWS, series: 2, refusedSamples: 0 };
  assert.deepEqual(store.counts(), counts);
  assert.deepEqual(
    store.latest().map(({ value }) => value),
    [(ROWS - 1) / 10, 1 - ROWS],
  );
}

describe('a store of format 2', () => {
  it('becomes one of this format, with every observation, its gateway and its newest samples', async () => {
    const directory = await format2();
    for (const epoch of [3, 4]) {
      await using store = await open(directory);
      assert.deepEqual([store.gatewayId, store.epoch], ['0123456789abcdef', epoch]);
      await assertWhole(store);
    }
  });

  it('is whole however its moving ends, and moved at the next opening', async () => {
    for (let failing = 1; ; failing += 1) {
      const directory = await format2();
      let writes = 0;
      const beforeWrite = (): Promise<void> => {
        writes += 1;
        return writes < failing ? Promise.resolve() : Promise.reject(new Error('EIO'));
      };
      const first = await open(directory, { beforeWrite }).catch(() => undefined);
      await first?.[Symbol.asyncDispose]();
      {
        await using store = await open(directory);
        await assertWhole(store);
      }
      if (first !== undefined) {
        assert.ok(failing > 3, `${failing - 1} writes`);
        return;
      }
    }
  });
});
