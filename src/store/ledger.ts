import { PerigeeError, assert, seriesKey } from '../domain/index.js';
import type { LatestSample, Observation, Position, Sample, Series, StoreCounts } from '../domain/index.js';
import type { Totals } from './codec.js';

/** One batch stays small next to LevelDB's 4 MB write buffer; a guest has at most 128 metrics. */
export const SAMPLES_PER_OBSERVATION_MAX = 256;
/** All of them are in memory with their newest sample: some megabytes at this size. */
export const SERIES_MAX = 10_000;
export const LABELS_MAX = 8;
export const LABEL_VALUE_MAX_CHARACTERS = 128;
/** Lower-case, so that every metric store takes it as it is. */
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** An observation with its place and its series' numbers, checked and not yet stored. */
export interface Entry {
  readonly position: Position;
  readonly observation: Observation;
  /** In step with the samples. */
  readonly seriesIds: readonly number[];
  /** Series that this observation is the first to name. */
  readonly newSeries: ReadonlyMap<number, Series>;
}

/**
 * What a store keeps in memory: the series, their newest samples and the totals. An observation is planned first,
 * and committed once it is stored.
 */
export class Ledger {
  readonly #epoch: number;
  #sequence = 0;
  #totals: Totals;
  readonly #series = new Map<number, Series>();
  readonly #ids = new Map<string, number>();
  /** Sources send the same series objects over and over: their text need not be made each time. */
  readonly #idsByObject = new WeakMap<Series, number>();
  readonly #latest = new Map<number, LatestSample>();
  readonly #changed = new Set<number>();
  #notedSinceCheckpoint = 0;

  constructor(epoch: number, totals: Totals) {
    this.#epoch = epoch;
    this.#totals = totals;
  }

  /** The newest place taken. */
  get position(): Position {
    return { epoch: this.#epoch, sequence: this.#sequence };
  }

  get notedSinceCheckpoint(): number {
    return this.#notedSinceCheckpoint;
  }

  /** The newest sample of each series that has had one since the checkpoint. */
  get changed(): ReadonlyMap<number, LatestSample> {
    return new Map([...this.#latest].filter(([id]) => this.#changed.has(id)));
  }

  checkpointTaken(): void {
    this.#changed.clear();
    this.#notedSinceCheckpoint = 0;
  }

  /** The place that the observation would take, and what is new with it. Changes nothing. */
  plan(observation: Observation): Entry {
    checkObservation(observation);
    const newSeries = new Map<number, Series>();
    const newIds = new Map<string, number>();
    const seriesIds = observation.samples.map(
      ({ series }) => this.#idOf(series) ?? this.#admit(series, newSeries, newIds),
    );
    return {
      position: { epoch: this.#epoch, sequence: this.#sequence + 1 },
      observation,
      seriesIds,
      newSeries,
    };
  }

  commit({ position, observation, newSeries }: Entry): void {
    for (const [id, series] of newSeries) this.restoreSeries(id, series);
    this.note(observation);
    this.#sequence = position.sequence;
    this.#totals = totalsWith(this.#totals, observation);
  }

  restoreSeries(id: number, series: Series): void {
    this.#series.set(id, series);
    this.#ids.set(seriesKey(series), id);
  }

  /** The newest samples that a checkpoint saved. */
  restoreLatest({ samples, wallMs, runId }: Observation): readonly number[] {
    const time = runId === undefined ? { wallMs } : { wallMs, runId };
    return samples.map(({ series, value }) => {
      const id = this.#idOf(series);
      assert(id !== undefined, 'a stored sample has a known series');
      this.#latest.set(id, { series, value, ...time });
      return id;
    });
  }

  /** An observation that is stored, and newer than all before. */
  note(observation: Observation): void {
    for (const id of this.restoreLatest(observation)) this.#changed.add(id);
    this.#notedSinceCheckpoint += 1;
  }

  seriesOf(id: number): Series | undefined {
    return this.#series.get(id);
  }

  latest(): readonly LatestSample[] {
    return [...this.#latest.values()];
  }

  totalsAfter({ observation }: Entry): Totals {
    return totalsWith(this.#totals, observation);
  }

  counts(): StoreCounts {
    return { ...this.#totals, series: this.#series.size };
  }

  #idOf(series: Series): number | undefined {
    const remembered = this.#idsByObject.get(series);
    if (remembered !== undefined) return remembered;
    const id = this.#ids.get(seriesKey(series));
    if (id === undefined) return undefined;
    checkUnit(series, this.#series.get(id));
    this.#idsByObject.set(series, id);
    return id;
  }

  #admit(series: Series, newSeries: Map<number, Series>, newIds: Map<string, number>): number {
    checkSeries(series);
    const text = seriesKey(series);
    const already = newIds.get(text);
    if (already !== undefined) {
      checkUnit(series, newSeries.get(already));
      return already;
    }
    const id = this.#series.size + newSeries.size + 1;
    if (id > SERIES_MAX) throw refused(`the store has its ${SERIES_MAX} series, so ${text} cannot be added`);
    newIds.set(text, id);
    newSeries.set(id, series);
    return id;
  }
}

function totalsWith(totals: Totals, { samples }: Observation): Totals {
  return { samples: totals.samples + samples.length, observations: totals.observations + 1 };
}

function checkObservation({ monotonicUs, wallMs, samples }: Observation): void {
  if (samples.length > SAMPLES_PER_OBSERVATION_MAX) {
    throw refused(
      `an observation has ${samples.length} samples, and ${SAMPLES_PER_OBSERVATION_MAX} is the most`,
    );
  }
  if (!Number.isSafeInteger(monotonicUs) || monotonicUs < 0 || !Number.isSafeInteger(wallMs)) {
    throw refused(`an observation's times are no whole numbers: ${monotonicUs} us, ${wallMs} ms`);
  }
  const odd = samples.find((sample: Sample) => !Number.isFinite(sample.value));
  if (odd !== undefined) throw refused(`the value of ${seriesKey(odd.series)} is no finite number`);
}

function checkSeries({ name, labels }: Series): void {
  const entries = Object.entries(labels);
  if (!NAME.test(name)) throw refused(`${JSON.stringify(name.slice(0, 64))} is no name of a series`);
  if (entries.length > LABELS_MAX) throw refused(`series ${name} has more than ${LABELS_MAX} labels`);
  for (const [label, value] of entries) {
    if (!NAME.test(label)) throw refused(`${JSON.stringify(label.slice(0, 64))} is no name of a label`);
    if (value.length > LABEL_VALUE_MAX_CHARACTERS)
      throw refused(`label ${label} of ${name} has too long a value`);
  }
}

function checkUnit(series: Series, known: Series | undefined): void {
  if (known === undefined || known.unit === series.unit) return;
  throw refused(`series ${seriesKey(series)} is in ${known.unit} and cannot become ${series.unit}`);
}

/** Whoever made the observation broke a limit; the store is as it was. */
export function refused(message: string): PerigeeError {
  return new PerigeeError('store-refused', message, 'Nothing of it was stored; report this as a defect.');
}
