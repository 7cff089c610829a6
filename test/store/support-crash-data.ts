import type { RunRecord, Sample } from '../../src/domain/index.js';
import { run, series } from './support-store.js';

const SERIES = ['steady', 'counted', 'rough', 'odd'];
/** With which observation a series comes that was not there before. */
const NEW_SERIES_EVERY = 150;
const NEW_SERIES_MAX = 20;

/** What a crash writer measures at a place. */
export function crashSamples(epoch: number, sequence: number): readonly Sample[] {
  const late = Math.min(NEW_SERIES_MAX, Math.floor(sequence / NEW_SERIES_EVERY));
  const names = [...SERIES, ...(late === 0 ? [] : [`late_${late}`])];
  return names.map((name, at) => ({ series: series(name), value: valueOf(epoch, sequence, at) }));
}

function valueOf(epoch: number, sequence: number, at: number): number {
  if (at === 0) return 21.5 + (sequence % 7) / 10;
  if (at === 1) return epoch * 1e6 + sequence;
  if (at === 2) return Math.sin(sequence) * epoch;
  return sequence % 11 === 0 ? -0 : (sequence * 2654435761) % 2 ** 32;
}

/** The run that a crash writer puts behind a place. */
export function crashRun(epoch: number, sequence: number, isEnded: boolean): RunRecord {
  const id = (epoch * 1e6 + sequence).toString(16);
  return run(id, sequence, isEnded ? { state: { kind: 'ended', reason: { kind: 'completed' } } } : {});
}
