import { TokenBucket } from '../domain/index.js';

/** Sustained, per guest: all 128 metrics of a full guest once a second, which is as fast as guests are asked to report. */
export const SAMPLES_PER_SECOND_MAX = 128;
/** What a guest may say at once: two such reports. Also the most samples that the store takes in one observation. */
export const SAMPLES_BURST_MAX = 256;

/** Of a console line; longer than a kernel's own lines (Linux ends them at 1024), and short enough to hold for each guest. */
export const LINE_MAX_BYTES = 1024;
/** Series that one image may name by lines, as many as by frames: bounds the gateway's memory, and the store's series. */
export const LINE_SERIES_MAX = 128;
/** With `image`, the eight labels that the store takes. */
export const LINE_TAGS_MAX = 7;
/** Of a series and of a tag, as in frames: leaves room within the 64 characters that metric stores are sure to take. */
export const LINE_NAME_MAX_CHARACTERS = 48;
/** Room for a path or a UUID; 128 series with seven tags each then stay below 100 kB. */
export const LINE_TAG_VALUE_MAX_CHARACTERS = 64;

/** Beyond all that is measured, and so far below the largest double that sums over many years of values stay numbers. */
const VALUE_MAX = 1e300;

/** Neither infinite nor no number, nor so large that an average would be. */
export function isTakeable(value: number): boolean {
  return Math.abs(value) <= VALUE_MAX;
}

export interface SampleRate {
  readonly samplesPerSecond: number;
  /** Samples that may come at once after a silence; also what a guest begins with. */
  readonly burst: number;
}

/** What one guest may still report, in samples. */
export type SampleBudget = Pick<TokenBucket, 'take' | 'isSpent'>;

const DEFAULT_RATE: SampleRate = { samplesPerSecond: SAMPLES_PER_SECOND_MAX, burst: SAMPLES_BURST_MAX };

export function createSampleBudget(rate: SampleRate = DEFAULT_RATE): SampleBudget {
  return new TokenBucket(rate.samplesPerSecond, rate.burst);
}
