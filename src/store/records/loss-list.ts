import { comparePositions } from '../../domain/index.js';
import type { Loss, LossRecord, Position } from '../../domain/index.js';

/** A page of a doctor's list; some 40 kB. */
export const LOSSES_MAX = 256;
/** Two losses of what never had a place are one unless something was recorded for so long between them. */
const TOGETHER_MS = 60_000;

/**
 * What was lost, few enough to be kept in memory: what adjoins the newest record of its reason joins it, and what is
 * told twice counts once. Beyond the limit, the oldest are summed up in one record for each reason.
 */
export class LossList {
  readonly #epoch: number;
  readonly #records: LossRecord[];
  #changes = 0;

  /** `records` are those that were kept; this epoch's places follow theirs. */
  constructor(epoch: number, records: readonly LossRecord[]) {
    this.#epoch = epoch;
    this.#records = records.toSorted((a, b) => comparePositions(a.born, b.born));
  }

  /** In the order of their last changes. */
  changedBehind(after: Position): readonly LossRecord[] {
    return this.#records
      .filter(({ position }) => comparePositions(position, after) > 0)
      .sort((a, b) => comparePositions(a.position, b.position));
  }

  /** The records that were changed, and those that are no more. */
  note(loss: Loss): { readonly put: readonly LossRecord[]; readonly removed: readonly LossRecord[] } {
    if (this.#records.some((known) => holds(known, loss))) return { put: [], removed: [] };
    const at = this.#records.findLastIndex((known) => isSameKind(known, loss) && adjoins(known, loss));
    const known = this.#records[at];
    if (known !== undefined) return { put: [this.#replace(at, joined(known, loss))], removed: [] };
    const position = this.#nextPlace();
    const record = { ...loss, born: position, position };
    this.#records.push(record);
    const summed = this.#records.length > LOSSES_MAX ? this.#sumUpOldest() : undefined;
    return { put: [record, ...(summed?.put ?? [])], removed: summed?.removed ?? [] };
  }

  /** Of the reason that has most: the others keep their places. */
  #sumUpOldest(): { readonly put: readonly LossRecord[]; readonly removed: readonly LossRecord[] } {
    const kindOf = ({ reason, what }: Loss): string => `${reason} ${what}`;
    const counts = new Map<string, number>();
    for (const record of this.#records) counts.set(kindOf(record), (counts.get(kindOf(record)) ?? 0) + 1);
    const [most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
    const [first, second] = this.#records.filter((record) => kindOf(record) === most);
    if (first === undefined || second === undefined) return { put: [], removed: [] };
    this.#records.splice(this.#records.indexOf(second), 1);
    const summed = (first.summed ?? 1) + (second.summed ?? 1);
    const both = { ...joined(first, withoutSequences(second)), summed };
    return { put: [this.#replace(this.#records.indexOf(first), both)], removed: [second] };
  }

  #replace(at: number, record: LossRecord): LossRecord {
    const moved = { ...record, position: this.#nextPlace() };
    this.#records[at] = moved;
    return moved;
  }

  #nextPlace(): Position {
    this.#changes += 1;
    return { epoch: this.#epoch, sequence: this.#changes };
  }
}

function isSameKind(a: Loss, b: Loss): boolean {
  return a.reason === b.reason && a.what === b.what && a.epoch === b.epoch && a.summed === undefined;
}

/** A range that was told before, whatever was said to be the reason. */
export function holds(known: Loss, { what, epoch, sequences }: Omit<Loss, 'reason'>): boolean {
  if (known.sequences === undefined || sequences === undefined) return false;
  return (
    known.what === what &&
    known.epoch === epoch &&
    known.sequences.first <= sequences.first &&
    known.sequences.last >= sequences.last
  );
}

function adjoins(known: Loss, loss: Loss): boolean {
  if ((known.sequences === undefined) !== (loss.sequences === undefined)) return false;
  if (known.sequences !== undefined && loss.sequences !== undefined)
    return known.sequences.last + 1 === loss.sequences.first;
  if (known.times === undefined || loss.times === undefined) return false;
  return Math.abs(loss.times.fromMs - known.times.toMs) <= TOGETHER_MS;
}

/** What is summed up need not follow one another. */
function withoutSequences({ reason, what, epoch, count, times }: Loss): Loss {
  return { reason, what, epoch, ...(count === undefined ? {} : { count }), ...(times ? { times } : {}) };
}

/** A range only where both have one. */
function joined(known: LossRecord, loss: Loss): LossRecord {
  const { reason, what, epoch, born, position } = known;
  return {
    ...{ reason, what, epoch, born, position },
    ...(known.count === undefined || loss.count === undefined ? {} : { count: known.count + loss.count }),
    ...(known.sequences && loss.sequences
      ? { sequences: { first: known.sequences.first, last: loss.sequences.last } }
      : {}),
    ...spanOf([known, loss]),
  };
}

function spanOf(losses: readonly Loss[]): Pick<Loss, 'times'> {
  const spans = losses.flatMap(({ times }) => times ?? []);
  if (spans.length === 0) return {};
  const fromMs = Math.min(...spans.map((span) => span.fromMs));
  return { times: { fromMs, toMs: Math.max(...spans.map((span) => span.toMs)) } };
}
