import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { BEFORE_EVERYTHING, seriesKey } from '../../src/domain/index.js';
import type { Clock, HistoryPoint, Store, StoredObservation } from '../../src/domain/index.js';
import { BLOCK_US } from '../../src/store/appender.js';
import { checkStore, openLevelStore } from '../../src/store/index.js';
import { encodeBatch } from '../../src/sync/batch.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { collect, observation, series } from './support-store.js';

const folder = tempFolder('odd-input');
let us = 0;
const clock: Clock = { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 };

function open(directory: string): Promise<Store> {
  return openLevelStore({ directory, clock, logger: SILENT });
}

/** Of the longest that is taken: 128 UTF-16 units. */
const LONGEST = '\u{1F9EA}'.repeat(64);
const TAKEN: readonly string[] = [
  ...[
    '',
    ' ',
    '"',
    '\\',
    '\\"',
    "'",
    ',=}{',
    '{}',
    '%s$1',
    '../..',
    '<b>&amp;</b>',
    "'; DROP TABLE series; --",
  ],
  ...[
    'é',
    'e\u0301',
    'ß',
    '日本語',
    'עברית',
    '\u202Eevil',
    '👩‍👩‍👧‍👦',
    '\u{10FFFF}',
    '\uFEFF',
    '\uFFFD',
    '\u2028\u2029',
    '\u00A0',
  ],
  ...['a\nb', 'a\r\n"b",', '\\n', '\r', '\t', '\u0001', '\u001B[2J', '\u007F', '\u009B31m', '\\u009b31m'],
  ...['__proto__', 'constructor', 'null', 'NaN', '1e309', LONGEST],
];
const REFUSED: readonly string[] = [...['\0', 'a\0b', '\uD83E', 'a\uDDEA', '\uDDEA\uD83E', `${LONGEST}x`]];

const labelled = (label: string): { series: ReturnType<typeof series>; value: number } => ({
  series: series('odd', { label }),
  value: 1,
});

const labelsOf = (rows: readonly StoredObservation[]): readonly string[] =>
  rows.flatMap(({ samples }) => samples.map((sample) => sample.series.labels['label'] ?? assert.fail()));

describe('a label', () => {
  it('of any Unicode, with line ends and control characters, comes out of the head log, of a block and of a batch for the backend as it went in', async () => {
    const directory = mkdtempSync(join(folder, 'data-'));
    {
      await using store = await open(directory);
      await store.append(observation(1, TAKEN.map(labelled)));
      assert.deepEqual(labelsOf(await collect(store.read(BEFORE_EVERYTHING, 9))), TAKEN);
    }
    assert.deepEqual((await checkStore(directory, () => undefined)).findings, []);
    await using store = await open(directory);
    const rows = await collect(store.read(BEFORE_EVERYTHING, 9));
    assert.deepEqual(labelsOf(rows), TAKEN);
    assert.equal(new Set(store.latest().map((sample) => seriesKey(sample.series))).size, TAKEN.length);
    for (const label of TAKEN) {
      const key = seriesKey(series('odd', { label }));
      assert.equal((await pointsOf(store, key)).length, 1, key);
    }
    const { gatewayId } = store;
    const batch = encodeBatch({ gatewayId, after: BEFORE_EVERYTHING, observations: rows, runs: [] });
    const sent = perigee.v1.Batch.decode(batch).series.map(({ labels }) => labels?.['label']);
    assert.deepEqual(sent, TAKEN);
  });

  it('that a backend refuses, or that is too long, is refused with its sample alone, and counted', async () => {
    await using store = await open(mkdtempSync(join(folder, 'data-')));
    await store.append(observation(1, [labelled('fine'), ...REFUSED.map(labelled)]));
    assert.deepEqual(labelsOf(await collect(store.read(BEFORE_EVERYTHING, 9))), ['fine']);
    assert.equal(store.counts().refusedSamples, REFUSED.length);
  });
});

async function pointsOf(
  store: Store,
  key: string,
  resolution: 'raw' | 'minutes' = 'raw',
): Promise<readonly HistoryPoint[]> {
  const request = { series: key, fromMs: 0, toMs: 2e12, resolution };
  return (await collect(store.history(request))).flat();
}

const KEPT: readonly number[] = [
  ...[
    0,
    -0,
    0.1 + 0.2,
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 53) - 2,
    1e21,
    5e-324,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ],
];

describe('a value', () => {
  it('that is a number comes out bit by bit, also -0, of the head log, of a block and of a batch', async () => {
    const directory = mkdtempSync(join(folder, 'data-'));
    const read = async (store: Store): Promise<readonly number[]> =>
      (await collect(store.read(BEFORE_EVERYTHING, 99))).map(({ samples }) => samples[0]?.value ?? NaN);
    {
      await using store = await open(directory);
      for (const [at, value] of KEPT.entries())
        await store.append(observation(at + 1, [{ series: series('odd'), value }]));
      assert.deepEqual(await read(store), KEPT);
      us += BLOCK_US;
    }
    await using store = await open(directory);
    assert.deepEqual(await read(store), KEPT);
    assert.deepEqual(
      (await pointsOf(store, 'odd')).map(({ last }) => last),
      KEPT,
    );
    const observations = await collect(store.read(BEFORE_EVERYTHING, 99));
    const { gatewayId } = store;
    const sent = perigee.v1.Batch.decode(
      encodeBatch({ gatewayId, after: BEFORE_EVERYTHING, observations, runs: [] }),
    );
    assert.deepEqual(
      sent.observations.map(({ values }) => values?.[0]),
      KEPT,
    );
    const [minute] = await pointsOf(store, 'odd', 'minutes');
    assert.deepEqual(
      [minute?.count, minute?.least, minute?.most],
      [KEPT.length, -Number.MAX_VALUE, Number.MAX_VALUE],
    );
  });

  it('that is no finite number is refused alone, and counted', async () => {
    await using store = await open(mkdtempSync(join(folder, 'data-')));
    const values = [NaN, Infinity, 1, -Infinity];
    await store.append(
      observation(
        1,
        values.map((value, at) => ({ series: series(`odd_${at}`), value })),
      ),
    );
    const rows = await collect(store.read(BEFORE_EVERYTHING, 9));
    assert.deepEqual(
      rows.map(({ samples }) => samples.map(({ value }) => value)),
      [[1]],
    );
    assert.equal(store.counts().refusedSamples, 3);
  });
});
