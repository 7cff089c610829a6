import type { Position } from './observation.js';
import { timeText } from './text.js';

/** Why something is not in the store that was measured, or is not any more before it was sent. */
export const LOSS_REASONS = [
  'disk-full',
  'read-only',
  'io-error',
  /** More came than was written. */
  'overload',
  /** It broke a limit of the store. */
  'refused',
  /** Its bytes were not those that were written. */
  'damaged',
  'power-cut',
  /** It made room, and whoever follows the store by a cursor had not read it. */
  'retention',
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** What is gone, and where it was. */
export interface Loss {
  readonly reason: LossReason;
  readonly what: 'observations' | 'runs';
  /** Absent where nobody can tell. */
  readonly count?: number;
  readonly epoch: number;
  /** The first and the last one's; absent for what never had a place. */
  readonly sequences?: { readonly first: number; readonly last: number };
  /** When it was measured, Unix milliseconds as the gateway believed; absent where that is gone too. */
  readonly times?: { readonly fromMs: number; readonly toMs: number };
  /** So many older records of the reason are summed up in this one. */
  readonly summed?: number;
}

/** A loss as it is kept: what adds to it moves it to a new place. */
export interface LossRecord extends Loss {
  /** Stays the same for as long as it is kept. */
  readonly born: Position;
  /** Of its last change, in an order of its own. */
  readonly position: Position;
}

/** One line for a person, times in UTC. */
export function describeLoss({ reason, what, count, epoch, sequences, times }: Loss): string {
  const said = count === undefined ? `some ${what}` : `${count} ${count === 1 ? what.slice(0, -1) : what}`;
  const place =
    sequences === undefined ? `start ${epoch}` : `${epoch}/${sequences.first} to ${sequences.last}`;
  const when = times === undefined ? '' : `, ${timeText(times.fromMs)} to ${timeText(times.toMs)}`;
  return `${said} (${place}${when}): ${REASON_TEXTS[reason]}`;
}

const REASON_TEXTS: Readonly<Record<LossReason, string>> = {
  'disk-full': 'the disk was full',
  'read-only': 'the file system was read-only',
  'io-error': 'the disk failed',
  overload: 'more came than the disk could take',
  refused: 'a limit of the store was broken',
  damaged: 'what was written could not be read again',
  'power-cut': 'the power was cut',
  retention: 'they made room before the backend had them',
};

export interface LossWriter {
  /** Joined with the loss before it where the two are one. Kept as soon as the disk allows. */
  noteLoss(loss: Loss): void;
}

/** How much of what is measured is kept at present. */
export type Recording =
  | { readonly kind: 'whole' }
  /** The database takes no samples: they wait in the head log, as many as it holds. */
  | { readonly kind: 'waiting'; readonly reason: LossReason }
  /** Samples are lost; records of runs are kept for as long as the disk takes any. */
  | { readonly kind: 'stopped'; readonly reason: LossReason };

/** One line for a person. */
export function describeRecording(recording: Recording): string {
  switch (recording.kind) {
    case 'whole':
      return 'everything is kept';
    case 'waiting':
      return `samples wait in the head log: ${REASON_TEXTS[recording.reason]}`;
    case 'stopped':
      return `samples are lost: ${REASON_TEXTS[recording.reason]}`;
  }
}

export interface RecordingReader {
  /** As the last write showed it. */
  recording(): Recording;
}

export interface LossReader {
  /** Those that changed behind `after`, in the order of their last changes; a few hundred at most. */
  losses(after: Position): readonly LossRecord[];
}
