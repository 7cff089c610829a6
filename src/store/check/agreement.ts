import { comparePositions } from '../../domain/index.js';
import type { Position } from '../../domain/index.js';
import { floorsOf } from '../blocks/floors-row.js';
import { rowsOf } from '../blocks/open-block.js';
import type { OpenBlock } from '../blocks/open-block.js';
import { STATISTICS } from '../blocks/statistics.js';
import * as keys from '../format/keys.js';
import { Fold } from '../rollups/fold.js';
import { HOUR_US, MINUTE_US } from '../rollups/rollups.js';
import type { PlacedRow } from '../series/row.js';
import { rowsOfBlock } from './reading.js';
import type { Step } from './reading.js';

const STRIDE = STATISTICS.length;
/** Sums are kept to twelve digits, and added in another order here. */
const SUM_TOLERANCE = 1e-9;

/** What a block of roll-ups says, and what can be said of it. */
export interface Agreement {
  readonly place: Position;
  /** `unknown`: what it was made of is not there any more, or not all of it. `damaged`: it cannot be read. */
  readonly verdict: 'agrees' | 'differs' | 'unknown' | 'damaged';
  /** What it should be, where that can be told. */
  readonly folded?: OpenBlock;
}

/** Folds again what each block of roll-ups was made of, and compares. */
export async function* agreements(step: Step): AsyncGenerator<Agreement> {
  const floor = (await floorsOf(step.db)).of(step.resolution);
  const { lt } = keys.rangeOf(step.resolution);
  const found = await step.db.keys({ gte: keys.blockKeyOf(floor, step.resolution), lt }).all();
  const places = found.map((key) => keys.positionOfKey(key));
  for (const [index, place] of places.entries()) {
    const next = places[index + 1];
    const until = next?.epoch === place.epoch ? next : { epoch: place.epoch + 1, sequence: 0 };
    const folded = await foldAgain(step, place, until);
    const kept = await rowsOfBlock(step.upper, place);
    if (kept === undefined) yield { place, verdict: 'damaged', ...(folded === undefined ? {} : { folded }) };
    else if (folded === undefined) yield { place, verdict: 'unknown' };
    else yield { place, verdict: verdictOf(rowsOf(folded, 0), kept), folded };
  }
}

/** Where less is there than was folded, the samples are what is missing. */
function verdictOf(folded: readonly PlacedRow[], kept: readonly PlacedRow[]): Agreement['verdict'] {
  const [mine, theirs] = [gather(folded), gather(kept)];
  if (agree(mine, theirs)) return 'agrees';
  return countOf(mine) < countOf(theirs) ? 'unknown' : 'differs';
}

async function foldAgain(
  { lower, resolution, end }: Step,
  place: Position,
  until: Position,
): Promise<OpenBlock | undefined> {
  const isRaw = resolution === 'minutes';
  const fold = new Fold(isRaw ? MINUTE_US : HOUR_US);
  let expected = place;
  for (let at = before(place); ;) {
    const rows = await lower.rowsBehind(at);
    const first = rows?.[0]?.position;
    const last = rows?.at(-1)?.position;
    const isBehind =
      first === undefined || comparePositions(first, until) >= 0 || comparePositions(first, end) > 0;
    if (isBehind || rows === undefined || last === undefined) break;
    // A gap, or a beginning that made room: then nobody can say. Places of roll-ups do not follow one another.
    const isFirst = comparePositions(expected, place) === 0;
    if ((isRaw || isFirst) && comparePositions(first, expected) !== 0) return undefined;
    for (const row of rows)
      if (isRaw) fold.add(row);
      else fold.addFolded(row);
    expected = { epoch: last.epoch, sequence: last.sequence + 1 };
    at = last;
  }
  if (comparePositions(expected, place) === 0) return undefined;
  return fold.toBlock(place);
}

/** Of one series in one bucket: count, sum, least, most. */
type Folded = [count: number, sum: number, least: number, most: number];

type Buckets = ReadonlyMap<string, Folded>;

function countOf(buckets: Buckets): number {
  return [...buckets.values()].reduce((sum, [count]) => sum + count, 0);
}

function agree(mine: Buckets, theirs: Buckets): boolean {
  return (
    mine.size === theirs.size &&
    [...mine].every(([key, [count, sum, least, most]]) => {
      const other = theirs.get(key);
      if (other === undefined) return false;
      const near =
        sum === other[1] ||
        Math.abs(sum - other[1]) <= SUM_TOLERANCE * Math.max(1, Math.abs(sum), Math.abs(other[1]));
      return count === other[0] && near && least === other[2] && most === other[3];
    })
  );
}

function gather(rows: readonly PlacedRow[]): Buckets {
  const found = new Map<string, Folded>();
  for (const { monotonicUs, seriesIds, values } of rows)
    for (let at = 0; at < values.length; at += STRIDE) {
      const [count = 0, sum = 0, least = 0, most = 0] = values.slice(at, at + STRIDE);
      const key = `${seriesIds[at] ?? 0}@${monotonicUs}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, [count, sum, least, most]);
      else
        found.set(key, [
          known[0] + count,
          known[1] + sum,
          Math.min(known[2], least),
          Math.max(known[3], most),
        ]);
    }
  return found;
}

function before({ epoch, sequence }: Position): Position {
  return { epoch, sequence: sequence - 1 };
}
