import { PerigeeError, isEnded, type RunRecord } from '../domain/index.js';
import { describeState } from './output.js';

/** 0 for a run that goes on, or ended as somebody wanted. @throws PerigeeError `run-failed` or `run-refused`. */
export function outcomeOf(run: RunRecord): number {
  if (!isEnded(run) || run.state.kind !== 'ended') return 0;
  const { kind } = run.state.reason;
  if (kind === 'completed' || kind === 'killed-by-user') return 0;
  const code = kind === 'host-refused' ? 'run-refused' : 'run-failed';
  throw new PerigeeError(code, `${run.image} ${describeState(run)}`, cureOf(run, kind));
}

function cureOf(run: RunRecord, kind: string): string {
  if (kind === 'host-refused') return 'See what is missing: perigee doctor';
  const printed = run.boot.firstConsoleByteMs !== undefined;
  if (printed) return `See what the guest printed: perigee logs ${run.id}`;
  if (kind !== 'never-ready') return 'See what is wrong with the board: perigee doctor';
  return `It printed nothing either: is that its family, and is readyWithinMs enough? perigee images show ${run.image}`;
}
