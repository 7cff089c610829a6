import type { Loss } from '../../domain/index.js';

/** Something in a store that is not as it should be. */
export interface StoreFinding {
  /** What it is about: a file, a row, blocks, roll-ups, the head log. */
  readonly about: 'file' | 'row' | 'observations' | 'roll-ups' | 'runs' | 'series' | 'head log' | 'identity';
  readonly text: string;
  /** What is missing because of it, where that can be told. */
  readonly loss?: Loss;
}

/** What a check of a store has read, and found. */
export interface StoreReport {
  readonly path: string;
  readonly gatewayId?: string;
  readonly epochs: number;
  readonly series: number;
  readonly observations: number;
  readonly samples: number;
  readonly runs: number;
  /** Wall time as the gateway believed it; absent without observations. */
  readonly span?: { readonly fromMs: number; readonly toMs: number };
  /** Writes of the head log that are in no block yet. */
  readonly inHeadLog: number;
  /** Hours or days of roll-ups that were compared with what they were made of. */
  readonly rollupsCompared: number;
  /** Nothing, in a sound store. */
  readonly findings: readonly StoreFinding[];
}

/** What a long work says of how far it is, from 0 to 1. */
export type Progress = (done: number) => void;
