import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assert, seriesKey } from '../src/domain/index.js';
import type { Clock, Observation, Resolution, Store } from '../src/domain/index.js';
import { openLevelStore } from '../src/store/index.js';
import type { LevelStoreOptions } from '../src/store/index.js';
import { SILENT } from '../test/support/loggers.js';
import { median, rounded, type BenchOptions, type Figures } from './bench.js';
import { DAY_SECONDS, SERIES_COUNT, START_MS, observations } from './store/data.js';
import { openDevice, type Device } from './store/device.js';
import { levelBatches, levelPuts, sqliteRows } from './store/peers.js';

const MONTH_DAYS = 30;
const SYNC_SECONDS = 10;
const READS = 15;
const MANY_SERIES = 10_000;

/** The store beside raw LevelDB rows and SQLite rows, on the same data: speed, bytes, what a card is written, memory. */
export async function storeBench({ quick, say }: BenchOptions): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'perigee-bench-store-'));
  try {
    say('store: ingest, beside its peers');
    const ingest = await measureIngest(folder, quick ? 20_000 : 60_000);
    say('store: bytes and reads');
    const reads = await measureReads(folder, quick ? 2 : MONTH_DAYS);
    say('store: what a card is written');
    const device = await measureDevices(folder, quick);
    say('store: memory');
    const seconds = quick ? 2000 : 20_000;
    const script = fileURLToPath(new URL('store/load.js', import.meta.url));
    const load = [script, join(folder, 'memory'), String(seconds)];
    // As bin/perigee.mjs starts its Node.
    const env = { ...process.env, MALLOC_TRIM_THRESHOLD_: '131072' };
    const storeMib = Number(
      execFileSync(process.execPath, ['--expose-gc', ...load], { encoding: 'utf8', env }),
    );
    return { ...ingest, ...reads, ...device, storeMib: rounded(storeMib) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Five minutes: they become a block. */
const IN_FLIGHT = 300;
/** A gateway runs for months: what the first minute costs, while the code is compiled, is another figure. */
const WARM_UP_SECONDS = 10_000;

async function measureIngest(folder: string, seconds: number): Promise<Figures> {
  const data = [...observations(seconds)];
  const cold = await ingest(join(folder, 'cold'), data.slice(0, WARM_UP_SECONDS));
  const ingested = await ingest(join(folder, 'ingest'), data);
  const few = data.slice(0, 2000);
  const puts = await levelPuts(folder, few.slice(0, 500));
  const sqlite = sqliteRows(folder, few);
  return {
    ingestSamplesPerSecond: rounded(ingested),
    ingestColdPerSecond: rounded(cold),
    levelPutsPerSecond: rounded(puts),
    ingestRatio: rounded(ingested / puts),
    levelBatchedPerSecond: rounded(await levelBatches(folder, few)),
    ...(sqlite === undefined ? {} : { sqliteRowsPerSecond: rounded(sqlite) }),
  };
}

/** Samples a second. */
async function ingest(directory: string, data: readonly Observation[]): Promise<number> {
  const clock = dataClock();
  await using store = await open(directory, { clock });
  const since = performance.now();
  for (let at = 0; at < data.length; at += IN_FLIGHT) {
    const group = data.slice(at, at + IN_FLIGHT);
    clock.us = group.at(-1)?.monotonicUs ?? clock.us;
    await Promise.all(group.map((observation) => store.append(observation)));
  }
  return (data.length * SERIES_COUNT) / ((performance.now() - since) / 1000);
}

/** Fills a store with days, a second an observation. */
async function fill(store: Store, clock: { us: number }, seconds: number): Promise<void> {
  const group: Observation[] = [];
  for (const observation of observations(seconds)) {
    clock.us = observation.monotonicUs;
    group.push(observation);
    if (group.length < 300) continue;
    await Promise.all(group.splice(0).map((one) => store.append(one)));
  }
}

async function measureReads(folder: string, days: number): Promise<Figures> {
  const directory = join(folder, 'reads');
  const clock = dataClock();
  {
    await using store = await open(directory, { clock });
    await fill(store, clock, days * DAY_SECONDS);
  }
  const bytes = bytesIn(join(directory, 'store'), /\.(ldb|log)$/);
  await using store = await open(directory, { clock });
  const endMs = START_MS + days * DAY_SECONDS * 1000;
  const dayReadMs = await readMs(store, endMs - DAY_SECONDS * 1000, endMs, 'raw', DAY_SECONDS - 100);
  const monthReadMs = await readMs(store, START_MS, endMs + 60_000, 'minutes', days * 1440);
  return {
    bytesPerSample: rounded(bytes / (days * DAY_SECONDS * SERIES_COUNT)),
    ...{ dayReadMs, monthReadMs, monthDays: days, latestMs: await measureLatest(folder) },
  };
}

async function readMs(
  store: Store,
  fromMs: number,
  toMs: number,
  resolution: Resolution,
  least: number,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < READS; round += 1) {
    const series = seriesKey({ name: `bench_${(round * 7) % SERIES_COUNT}`, labels: { image: 'bench' } });
    const since = performance.now();
    let points = 0;
    for await (const chunk of store.history({ series, fromMs, toMs, resolution })) points += chunk.length;
    times.push(performance.now() - since);
    assert(points >= least, `${points} points were read, and ${least} are there`);
  }
  return rounded(median(times));
}

async function measureLatest(folder: string): Promise<number> {
  await using store = await open(join(folder, 'latest'), { clock: dataClock() });
  for (let first = 0; first < MANY_SERIES; first += 250) {
    const named = (index: number) => ({ name: `many_${first + index}`, labels: {}, unit: 'none' as const });
    const samples = Array.from({ length: 250 }, (_, index) => ({ series: named(index), value: index }));
    await store.append({ monotonicUs: first, wallMs: START_MS, samples });
  }
  const times = Array.from({ length: READS }, () => {
    const since = performance.now();
    assert(store.latest().length === MANY_SERIES, 'every series has a newest value');
    return performance.now() - since;
  });
  return rounded(median(times));
}

/**
 * Bytes written to the device in a day. Blocks: so many hours of them, one after another. The head log: in real time,
 * since ext4 commits its journal by the clock; what it costs in a window of syncs counts for the day.
 */
async function measureDevices(folder: string, quick: boolean): Promise<Figures> {
  const kinds = [
    // As on the card of a Pi.
    ['', 4096],
    // As mkfs chooses for a small image, and anyone may for a partition of its own.
    ['1kBlocks', 1024],
  ] as const;
  const measured = kinds.map(async ([name, blockBytes]) => {
    using device = openDevice(folder, blockBytes);
    if (device === undefined) return { [`deviceMbPerDay${name}`]: 'needs root and loop devices' };
    const blocks = await measureBlocks(join(device.directory, 'blocks'), device, quick ? 6 : 24);
    const head = await measureHead(join(device.directory, 'head'), device, quick ? 4 : 12);
    return {
      [`deviceMbPerDay${name}`]: rounded((blocks + head) / 1e6),
      [`deviceMbPerDayFrugal${name}`]: rounded(blocks / 1e6),
    };
  });
  return Object.assign({}, ...(await Promise.all(measured))) as Figures;
}

async function measureBlocks(directory: string, device: Device, hours: number): Promise<number> {
  const clock = dataClock();
  const store = await open(directory, { clock, durability: 'frugal' });
  device.settle();
  const before = await device.written();
  await fill(store, clock, hours * 3600);
  device.settle();
  const bytes = (await device.written()) - before;
  await store[Symbol.asyncDispose]();
  return (bytes / hours) * 24;
}

async function measureHead(directory: string, device: Device, syncs: number): Promise<number> {
  const store = await open(directory, { clock: dataClock(), powerCutSeconds: SYNC_SECONDS });
  const data = observations(syncs * SYNC_SECONDS + SYNC_SECONDS);
  const next = async (): Promise<void> => {
    const { value } = data.next();
    if (value) await store.append(value);
  };
  for (let second = 0; second < SYNC_SECONDS; second += 1) await next();
  // The sync of what the store begins with is not counted.
  await delay((SYNC_SECONDS + 1) * 1000);
  device.settle();
  const before = await device.written();
  for (let second = 0; second < syncs * SYNC_SECONDS; second += 1) {
    await next();
    await delay(1000);
  }
  const bytes = (await device.written()) - before;
  await store[Symbol.asyncDispose]();
  return (bytes / (syncs * SYNC_SECONDS)) * DAY_SECONDS;
}

/** Runs with the data, so that blocks are as long as they would be. */
function dataClock(): Clock & { us: number } {
  const clock = { us: 0, monotonicUs: () => clock.us, wallMs: () => START_MS + Math.floor(clock.us / 1000) };
  return clock;
}

function open(
  directory: string,
  options: Pick<LevelStoreOptions, 'clock'> & Partial<LevelStoreOptions>,
): Promise<Store> {
  return openLevelStore({ directory, logger: SILENT, ...options });
}

function bytesIn(directory: string, names: RegExp): number {
  const files = readdirSync(directory).filter((name) => names.test(name));
  return files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
