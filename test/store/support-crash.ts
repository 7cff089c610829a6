import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BEFORE_EVERYTHING, seriesKey } from '../../src/domain/index.js';
import type { Position } from '../../src/domain/index.js';
import { checkStore, openLevelStore } from '../../src/store/index.js';
import { SILENT } from '../support/loggers.js';
import { random } from '../support/random.js';
import { crashSamples } from './support-crash-data.js';
import { CLOCK, collect } from './support-store.js';

/** What one crash writer was told by the store before it died. */
interface Acknowledged {
  epoch: number;
  readonly observations: { readonly sequence: number; readonly atMs: number }[];
  readonly runs: Map<string, { readonly isEnded: boolean; readonly atMs: number }>;
}

/** What must be there: all that was acknowledged before that time. */
interface Expected {
  readonly said: Acknowledged;
  readonly untilMs: number;
}

export interface Writer {
  readonly child: ChildProcess;
  readonly said: Acknowledged;
  /** Once the last line was read. */
  readonly ended: Promise<void>;
}

interface WriterOptions {
  readonly seed: number;
  readonly powerCutSeconds: number;
  readonly durability?: 'normal' | 'frugal';
  /** How its clock goes on with each observation: a second makes blocks and roll-ups come fast. */
  readonly stepUs?: number;
  /** Between its groups of observations: so long that samples stay in the head log for as long as it lives. */
  readonly pauseMs?: number;
}

const SECOND_US = 1e6;

async function startWriter(directory: string, options: WriterOptions): Promise<Writer> {
  const script = fileURLToPath(new URL('support-crash-writer.js', import.meta.url));
  const { seed, powerCutSeconds, durability = 'normal', stepUs = SECOND_US, pauseMs = 0 } = options;
  const child = spawn(
    process.execPath,
    [script, directory, ...[seed, powerCutSeconds, durability, stepUs, pauseMs].map(String)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const said: Acknowledged = { epoch: 0, observations: [], runs: new Map() };
  let begun: (() => void) | undefined;
  const beginning = new Promise<void>((resolve) => (begun = resolve));
  const read = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stdout })) {
      const [kind, what = '', ...rest] = line.split(' ');
      const atMs = Number(rest.at(-1));
      if (kind === 'e') said.epoch = Number(what);
      if (kind === 'o') said.observations.push({ sequence: Number(what), atMs });
      if (kind === 'r') said.runs.set(what, { isEnded: rest[0] === 'ended', atMs });
      if (kind === 'o') begun?.();
    }
  };
  const ended = Promise.all([read(), once(child, 'exit')]).then(() => undefined);
  await Promise.race([beginning, ended]);
  assert.ok(said.epoch > 0, 'the writer has opened its store');
  return { child, said, ended };
}

/** Kills a writer at a random time, as many times as told, on one directory; checks all promises after each. */
export async function killRounds(
  directory: string,
  rounds: number,
  options: WriterOptions & { readonly lastsMs: number },
): Promise<number> {
  const chance = random(options.seed);
  const expected: Expected[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const writer = await startWriter(directory, { ...options, seed: options.seed + round });
    await setTimeout(chance() * options.lastsMs);
    writer.child.kill('SIGKILL');
    await writer.ended;
    expected.push({ said: writer.said, untilMs: Infinity });
    await assertPromises(directory, expected);
  }
  return expected.reduce((sum, { said }) => sum + said.observations.length, 0);
}

/** A sync of the card may take so long under load, once it is due. */
const SYNC_MS = 2000;
/** Longer than what a cut may lose: one that loses all is seen. */
const CUT_LEAST_MS = SYNC_MS + 1500;

/**
 * Cuts the power of a writer: what it stores is on a file system image, and the image is copied while it is mounted. The
 * writer stands still meanwhile, and the copy is taken again until two are the same, so that it is what was on the
 * device at one time; nothing is flushed for it. Gives what was acknowledged, and what the cut lost.
 */
export async function powerCutRound(
  folder: string,
  options: WriterOptions & { readonly lastsMs: number },
): Promise<{ readonly acknowledged: number; readonly lost: number }> {
  using image = new Image(folder, 'card');
  const directory = join(image.mount(), 'data');
  const writer = await startWriter(directory, options);
  let copy: Image | undefined;
  try {
    await setTimeout(CUT_LEAST_MS + random(options.seed)() * options.lastsMs);
    const cutMs = Date.now();
    writer.child.kill('SIGSTOP');
    copy = image.copy('cut');
    writer.child.kill('SIGKILL');
    await writer.ended;
    image[Symbol.dispose]();
    const untilMs = cutMs - options.powerCutSeconds * 1000 - SYNC_MS;
    const found = await assertPromises(join(copy.mount(), 'data'), [{ said: writer.said, untilMs }]);
    const before = writer.said.observations.filter(({ atMs }) => atMs <= cutMs).length;
    return { acknowledged: before, lost: Math.max(0, before - found) };
  } finally {
    writer.child.kill('SIGKILL');
    copy?.[Symbol.dispose]();
  }
}

const IMAGE_MIB = 64;
const COPIES_MAX = 50;

/** A file with an ext4 in it. */
class Image implements Disposable {
  readonly #folder: string;
  readonly #path: string;
  #mounted: string | undefined;

  constructor(folder: string, name: string, from?: string) {
    this.#folder = folder;
    this.#path = join(mkdtempSync(join(folder, `${name}-`)), 'image');
    if (from !== undefined) copyFileSync(from, this.#path);
    else {
      execFileSync('truncate', ['-s', `${IMAGE_MIB}M`, this.#path]);
      execFileSync('mkfs.ext4', ['-q', '-F', this.#path]);
    }
  }

  mount(): string {
    const place = `${this.#path}-mounted`;
    mkdirSync(place);
    execFileSync('mount', ['-o', 'loop', this.#path, place], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#mounted = place;
    return place;
  }

  /** As it is on the device now. */
  copy(name: string): Image {
    let before = readFileSync(this.#path);
    for (let left = COPIES_MAX; left > 0; left -= 1) {
      const now = readFileSync(this.#path);
      if (now.equals(before)) return new Image(this.#folder, name, this.#path);
      before = now;
    }
    throw new Error('the device does not come to rest');
  }

  [Symbol.dispose](): void {
    if (this.#mounted !== undefined) execFileSync('umount', [this.#mounted]);
    this.#mounted = undefined;
    rmSync(this.#path, { force: true });
  }
}

/** Why no image can be mounted here; false where one can. */
export function mountingFails(folder: string): string | false {
  try {
    using image = new Image(folder, 'trial');
    image.mount();
    return false;
  } catch {
    return 'mounting a file system image needs root, a loop device and mkfs.ext4';
  }
}

/**
 * Everything that was acknowledged is there, once, in order and as it was; runs are as they were last said to be; totals
 * count what is there; roll-ups are what was measured. Gives how many observations the last epoch has.
 */
async function assertPromises(directory: string, expected: readonly Expected[]): Promise<number> {
  assert.deepEqual((await checkStore(directory, () => undefined)).findings, [], 'before it is opened');
  const last = await (async () => {
    await using store = await openLevelStore({ directory, clock: CLOCK, logger: SILENT });
    const ends = new Map<number, number>();
    let samples = 0;
    const newest = new Map<string, number>();
    for (const { position, samples: measured } of await collect(store.read(BEFORE_EVERYTHING, 1e9))) {
      const { epoch, sequence } = position;
      assert.equal(sequence, (ends.get(epoch) ?? 0) + 1, `${textOf(position)}: in order, and no gap`);
      assert.deepEqual(measured, crashSamples(epoch, sequence), textOf(position));
      for (const { series, value } of measured) newest.set(seriesKey(series), value);
      ends.set(epoch, sequence);
      samples += measured.length;
    }
    const runs = new Map((await store.list(1e6)).map((record) => [String(record.id), record]));
    for (const { said, untilMs } of expected) {
      const durable = said.observations.filter(({ atMs }) => atMs <= untilMs).at(-1)?.sequence ?? 0;
      assert.ok((ends.get(said.epoch) ?? 0) >= durable, `epoch ${said.epoch} has what was acknowledged`);
      for (const [id, { isEnded, atMs }] of said.runs) {
        if (atMs > untilMs) continue;
        const record = runs.get(id);
        assert.ok(record !== undefined, `run ${id} is there`);
        assert.ok(!isEnded || record.state.kind === 'ended', `run ${id} has ended`);
      }
    }
    const observations = [...ends.values()].reduce((sum, end) => sum + end, 0);
    const counts = store.counts();
    assert.deepEqual([counts.observations, counts.samples], [observations, samples]);
    assert.deepEqual(new Map(store.latest().map(({ series, value }) => [seriesKey(series), value])), newest);
    return ends.get(expected.at(-1)?.said.epoch ?? 0) ?? 0;
  })();
  assert.deepEqual((await checkStore(directory, () => undefined)).findings, [], 'after it was opened');
  return last;
}

function textOf({ epoch, sequence }: Position): string {
  return `${epoch}/${sequence}`;
}
