import type { AdmissionRequest, QueueReason } from '../domain/index.js';
import { obstacleTo, waitMsOf, type Board, type Obstacle } from './budget.js';

/**
 * A level of priority is worth this head start: what is more urgent goes first, and what has waited for so long goes
 * first all the same, so that nothing waits for ever behind what comes later.
 */
export const HEAD_START_MS = 60_000;
/** What is too big for now lets smaller runs pass for this long; then nothing passes it. */
export const PATIENCE_MS = 30_000;

export interface Waiting {
  readonly request: AdmissionRequest;
  /** By the monotonic clock. */
  readonly sinceMs: number;
}

/** Whose turn is before whose; of two with the same claim, who came first. */
export function inTurn<W extends Waiting>(waiting: readonly W[]): readonly W[] {
  const claim = ({ request, sinceMs }: Waiting): number => sinceMs - request.priority * HEAD_START_MS;
  return waiting.toSorted((a, b) => claim(a) - claim(b));
}

/** What one who waits waits for: something of the board's, or those before it. */
export type Wait = Obstacle | { readonly kind: 'behind'; readonly runs: number };

export interface Turn<W extends Waiting> {
  readonly next: W | undefined;
  /** Of all that are before `next`, or of all that wait where none may start, in turn. */
  readonly waits: readonly { readonly who: W; readonly wait: Wait }[];
}

/** Who may start now. */
export function nextIn<W extends Waiting>(waiting: readonly W[], board: Board, nowMs: number): Turn<W> {
  const waits: { who: W; wait: Wait }[] = [];
  /** What nobody may take any more of. */
  const closed = new Set<Obstacle['kind']>();
  for (const who of inTurn(waiting)) {
    const { request, sinceMs } = who;
    const served = request.ready !== undefined;
    const obstacle = obstacleTo(request, board, served);
    // One whose guest is ready takes no memory, and gives some back at its end.
    const isClosed = closed.size > (served && closed.has('memory') ? 1 : 0);
    if (!obstacle && !isClosed) return { next: who, waits };
    waits.push({ who, wait: obstacle ?? { kind: 'behind', runs: waits.length } });
    // A run that waits for others of its own image stands in nobody's way.
    if (obstacle && obstacle.kind !== 'image' && nowMs - sinceMs >= PATIENCE_MS) closed.add(obstacle.kind);
  }
  return { next: undefined, waits };
}

/** The same for as long as nothing changes that a person would want to hear of: figures come and go. */
export function sameWait(a: Wait | undefined, b: Wait): boolean {
  return a?.kind === b.kind && (b.kind !== 'behind' || (a.kind === 'behind' && a.runs === b.runs));
}

/** `first`: nobody is before it, so that what ends the others also tells how long it waits at most. */
export function reasonFor(
  { request, sinceMs }: Waiting,
  wait: Wait,
  board: Board,
  nowMs: number,
  first: boolean,
): QueueReason {
  const moreMs = first ? waitMsOf(request, board, nowMs) : undefined;
  return { text: textOf(wait), ...(moreMs === undefined ? {} : { expectedMs: nowMs - sinceMs + moreMs }) };
}

function textOf(wait: Wait): string {
  switch (wait.kind) {
    case 'image':
      return `as many runs of ${wait.image} go on as its manifest allows at once (${wait.limit})`;
    case 'runs':
      return `as many guests run as this gateway runs at once (${wait.limit})`;
    case 'vcpus':
      return `it needs ${wait.needed} of ${wait.limit} virtual processors, and ${wait.free} are free`;
    case 'memory':
      return `it needs ${wait.neededMib} MiB of memory, and ${wait.freeMib} MiB are free`;
    case 'behind':
      return wait.runs === 1 ? 'one run is before it' : `${wait.runs} runs are before it`;
  }
}
