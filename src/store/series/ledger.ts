import { PerigeeError, seriesKey } from '../../domain/index.js';
import type { LatestSample, Observation, Position, Sample, Series, StoreCounts } from '../../domain/index.js';
import type { Totals } from '../format/codec.js';
import { LatestValues } from './latest-values.js';
import type { Row } from './row.js';
import { SERIES_MAX, SERIES_PER_IMAGE_MAX } from './series-limits.js';
import type { SeriesLimits } from './series-limits.js';

/** One batch stays small next to LevelDB's 4 MB write buffer; a guest has at most 128 metrics. */
export const SAMPLES_PER_OBSERVATION_MAX = 256;
export const LABELS_MAX = 8;
/** 35 years of microseconds, or 35,000 of milliseconds: the codecs have room for differences of such numbers. */
const TIME_MAX = 2 ** 50;
const LABEL_VALUE_MAX_CHARACTERS = 128;
/** Backends refuse them, and with them the whole batch: SQL text holds no NUL, and half a pair is no Unicode. */
const UNFIT = /[\0\p{Cs}]/u;
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
  /** Why samples that came with the observation are no longer in it: one each. */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  /** The known series, or else the image; empty where there is neither. Who said it for one has no need to say it again. */
  readonly about: string;
  readonly reason: string;
}

const NO_SERIES: ReadonlyMap<number, Series> = new Map();
const NO_REFUSALS: readonly Refusal[] = [];

/** Series that an observation named, with their numbers. */
interface KnownList {
  readonly series: readonly Series[];
  readonly ids: readonly number[];
}

/** What is planned and not yet committed: a group of observations is written together. */
export interface Draft {
  sequence: number;
  readonly series: Map<number, Series>;
  readonly ids: Map<string, number>;
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
  /** And in the same order: of lists that were taken whole, by their first. */
  readonly #listsByFirst = new WeakMap<Series, KnownList>();
  readonly #latest = new LatestValues();
  readonly #seriesPerImage = new Map<string, number>();
  #refusedSamples = 0;
  readonly #max: SeriesLimits;

  constructor(epoch: number, totals: Totals, limits: Partial<SeriesLimits> = {}) {
    const { maxSeries = SERIES_MAX, maxSeriesPerImage = SERIES_PER_IMAGE_MAX } = limits;
    this.#max = { maxSeries, maxSeriesPerImage };
    this.#epoch = epoch;
    this.#totals = totals;
  }

  /** The newest place taken. */
  get position(): Position {
    return { epoch: this.#epoch, sequence: this.#sequence };
  }

  get totals(): Totals {
    return this.#totals;
  }

  draft(): Draft {
    return { sequence: this.#sequence, series: new Map(), ids: new Map() };
  }

  /**
   * The place that the observation would take, and what is new with it, behind what the draft holds already. A sample
   * that cannot be taken costs the others nothing: a series that says another unit than before, or that is one too many
   * for its image. An observation that is refused leaves the draft as it was.
   */
  plan(observation: Observation, draft = this.draft()): Entry {
    checkObservation(observation);
    const knownIds = this.#idsOfKnownList(observation.samples);
    if (knownIds !== undefined) {
      draft.sequence += 1;
      const position = { epoch: this.#epoch, sequence: draft.sequence };
      return { position, observation, seriesIds: knownIds, newSeries: NO_SERIES, refusals: NO_REFUSALS };
    }
    const known = draft.series.size;
    const seriesIds: number[] = [];
    const refusals: Refusal[] = [];
    const samples = observation.samples.filter((sample) => {
      const place = this.#placeOf(sample, draft);
      if (typeof place === 'number') seriesIds.push(place);
      else refusals.push(place);
      return typeof place === 'number';
    });
    draft.sequence += 1;
    if (refusals.length === 0 && draft.series.size === known) this.#remember(samples, seriesIds);
    return {
      position: { epoch: this.#epoch, sequence: draft.sequence },
      observation: refusals.length === 0 ? observation : { ...observation, samples },
      ...{ seriesIds, refusals, newSeries: new Map([...draft.series].slice(known)) },
    };
  }

  commit({ position, observation, seriesIds, newSeries, refusals }: Entry): void {
    for (const [id, series] of newSeries) this.restoreSeries(id, series);
    const { samples, wallMs, runId } = observation;
    for (let at = 0; at < samples.length; at += 1)
      this.#latest.note(seriesIds[at] ?? 0, samples[at]?.value ?? NaN, wallMs, runId);
    this.#sequence = position.sequence;
    this.#count(samples.length);
    this.#refusedSamples += refusals.length;
  }

  /** What was stored in an earlier epoch, and is newer than all that was noted before. */
  note({ seriesIds, values, wallMs, runId }: Omit<Row, 'monotonicUs'>): void {
    for (const [index, id] of seriesIds.entries()) this.#latest.note(id, values[index] ?? NaN, wallMs, runId);
  }

  /** What the totals do not count yet. */
  count({ values }: Row): void {
    this.#count(values.length);
  }

  restoreSeries(id: number, series: Series): void {
    this.#series.set(id, series);
    this.#ids.set(seriesKey(series), id);
    const image = imageOf(series);
    this.#seriesPerImage.set(image, (this.#seriesPerImage.get(image) ?? 0) + 1);
  }

  /** The newest sample of each series that has had one since the checkpoint. */
  get changed(): ReadonlyMap<number, LatestSample> {
    return new Map(this.#latest.changed().flatMap((id) => this.#entryOf(id)));
  }

  /** How many samples were noted so far. */
  get noted(): number {
    return this.#latest.noted;
  }

  /** `noted` as it was when the changed ones were taken. */
  checkpointTaken(noted: number): void {
    this.#latest.taken(noted);
  }

  /** Of a series as `seriesKey` spells it. */
  idOf(text: string): number | undefined {
    return this.#ids.get(text);
  }

  seriesOf(id: number): Series | undefined {
    return this.#series.get(id);
  }

  latest(): readonly LatestSample[] {
    return this.#latest.ids().flatMap((id) => this.#entryOf(id).map(([, sample]) => sample));
  }

  counts(): StoreCounts {
    return { ...this.#totals, series: this.#series.size, refusedSamples: this.#refusedSamples };
  }

  #entryOf(id: number): [number, LatestSample][] {
    const series = this.#series.get(id);
    return series === undefined ? [] : [[id, { series, ...this.#latest.of(id) }]];
  }

  #count(samples: number): void {
    const before = this.#totals;
    this.#totals = { samples: before.samples + samples, observations: before.observations + 1 };
  }

  /** Also sees to it that every value can be kept. */
  #idsOfKnownList(samples: readonly Sample[]): readonly number[] | undefined {
    const first = samples[0];
    const list = first && this.#listsByFirst.get(first.series);
    if (list?.series.length !== samples.length) return undefined;
    for (let at = 0; at < samples.length; at += 1) {
      const sample = samples[at];
      if (sample?.series !== list.series[at] || !Number.isFinite(sample?.value)) return undefined;
    }
    return list.ids;
  }

  #remember(samples: readonly Sample[], ids: readonly number[]): void {
    const series = samples.map((sample) => sample.series);
    if (series[0] !== undefined && series.every((one) => this.#idsByObject.has(one)))
      this.#listsByFirst.set(series[0], { series, ids });
  }

  #placeOf({ series, value }: Sample, admission: Draft): number | Refusal {
    const remembered = this.#idsByObject.get(series);
    // The object that was taken before is its own unit's.
    if (remembered !== undefined && Number.isFinite(value)) return remembered;
    const text = remembered === undefined ? seriesKey(series) : '';
    const id = remembered ?? this.#ids.get(text) ?? admission.ids.get(text);
    if (id === undefined) return this.#admit(series, value, text, admission);
    const known = this.#series.get(id) ?? admission.series.get(id);
    const reason = complaintOfSample(series, value, known);
    if (reason !== undefined) return { about: seriesKey(series), reason };
    if (this.#series.has(id)) this.#idsByObject.set(series, id);
    return id;
  }

  #admit(series: Series, value: number, text: string, admission: Draft): number | Refusal {
    const about = imageOf(series);
    const reason =
      complaintOfSeries(series) ??
      complaintOfSample(series, value, undefined) ??
      this.#complaintOfBudget(series, text, admission);
    if (reason !== undefined) return { about, reason };
    const id = this.#series.size + admission.series.size + 1;
    admission.ids.set(text, id);
    admission.series.set(id, series);
    return id;
  }

  #complaintOfBudget(series: Series, text: string, admission: Draft): string | undefined {
    const { maxSeries, maxSeriesPerImage } = this.#max;
    if (this.#series.size + admission.series.size >= maxSeries)
      return `the store has its ${maxSeries} series (store.maxSeries), so ${text} cannot be added`;
    const image = imageOf(series);
    if (image === '') return undefined;
    const admitted = [...admission.series.values()].filter((one) => imageOf(one) === image).length;
    if ((this.#seriesPerImage.get(image) ?? 0) + admitted < maxSeriesPerImage) return undefined;
    return `image ${image} has its ${maxSeriesPerImage} series (store.maxSeriesPerImage), so ${text} cannot be added`;
  }
}

/** Empty for what no image is behind: that is ours, and has no budget of its own. */
function imageOf(series: Series): string {
  return series.labels['image'] ?? '';
}

function checkObservation({ monotonicUs, wallMs, samples }: Observation): void {
  if (samples.length > SAMPLES_PER_OBSERVATION_MAX) {
    throw refused(
      `an observation has ${samples.length} samples, and ${SAMPLES_PER_OBSERVATION_MAX} is the most`,
    );
  }
  if (!isTime(monotonicUs) || monotonicUs < 0 || !isTime(wallMs)) {
    throw refused(`an observation's times are no whole numbers in range: ${monotonicUs} us, ${wallMs} ms`);
  }
}

/** Whether the codecs can keep it. */
export function isTime(time: number): boolean {
  return Number.isSafeInteger(time) && Math.abs(time) <= TIME_MAX;
}

function complaintOfSeries({ name, labels }: Series): string | undefined {
  const entries = Object.entries(labels);
  if (!NAME.test(name)) return `${JSON.stringify(name.slice(0, 64))} is no name of a series`;
  if (entries.length > LABELS_MAX) return `series ${name} has more than ${LABELS_MAX} labels`;
  for (const [label, value] of entries) {
    if (!NAME.test(label)) return `${JSON.stringify(label.slice(0, 64))} is no name of a label`;
    if (value.length > LABEL_VALUE_MAX_CHARACTERS) return `label ${label} of ${name} has too long a value`;
    if (UNFIT.test(value)) return `label ${label} of ${name} has a NUL or half a surrogate pair in it`;
  }
  return undefined;
}

/** A series keeps its unit: what is measured in another one has another name. */
function complaintOfSample(series: Series, value: number, known: Series | undefined): string | undefined {
  if (!Number.isFinite(value)) return `the value of ${seriesKey(series)} is no finite number`;
  if (known === undefined || known.unit === series.unit) return undefined;
  return `series ${seriesKey(series)} is in ${known.unit} and cannot become ${series.unit}`;
}

/** Whoever made the observation broke a limit; the store is as it was. */
export function refused(message: string): PerigeeError {
  return new PerigeeError('store-refused', message, 'Nothing of it was stored; report this as a defect.');
}
