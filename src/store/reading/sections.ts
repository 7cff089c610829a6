import type { Slice, SliceSource, TimedEpoch } from '@perigee/columns';
import { BEFORE_EVERYTHING } from '../../domain/index.js';
import type { Position, Resolution } from '../../domain/index.js';
import type { BlockReader, Places } from '../blocks/block-store.js';
import type { OpenBlock } from '../blocks/open-block.js';
import { statisticId, STATISTICS } from '../blocks/statistics.js';
import type { Snapshot } from '../database/database.js';

export interface HistoryParts {
  readonly readers: Readonly<Record<Resolution, BlockReader>>;
  /** Of the same moment as all below: what is written, joined or dropped while this is read does not show. */
  readonly snapshot: Snapshot;
  /** Up to where samples are in minutes, and minutes in hours. */
  readonly ends: { readonly minutes: Position; readonly hours: Position };
  /** What is in no block yet. */
  readonly open: OpenBlock;
  /** In order, with what is in no block. */
  readonly epochs: readonly TimedEpoch[];
}

/** Blocks of one resolution that have a part of what is asked. */
interface Section {
  readonly of: Resolution;
  readonly places: Places;
}

/**
 * The coarsest there is, and behind it what is finer; what is in no block yet comes behind all of it. What is made a
 * block, or folded, while this is read is read from where it was.
 */
export function sectionsOf(
  { ends, open }: Pick<HistoryParts, 'ends' | 'open'>,
  resolution: Resolution,
): readonly Section[] {
  const inBlocks = { epoch: open.epoch, sequence: open.first - 1 };
  const rawFrom = resolution === 'raw' ? BEFORE_EVERYTHING : ends.minutes;
  const raw = { of: 'raw', places: { behind: rawFrom, upTo: inBlocks } } as const;
  if (resolution === 'raw') return [raw];
  const minutesFrom = resolution === 'hours' ? ends.hours : BEFORE_EVERYTHING;
  const minutes = { of: 'minutes', places: { behind: minutesFrom, upTo: ends.minutes } } as const;
  if (resolution === 'minutes') return [minutes, raw];
  return [{ of: 'hours', places: { behind: BEFORE_EVERYTHING, upTo: ends.hours } }, minutes, raw];
}

/** What is not yet folded stands behind what is, so that it does not matter when that is done. */
export function slicesOf(parts: HistoryParts, seriesId: number, resolution: Resolution): SliceSource {
  const { open, readers, snapshot } = parts;
  const sections = sectionsOf(parts, resolution);
  return async function* (range) {
    for (const { of, places } of sections) {
      const wanted =
        of === 'raw'
          ? { first: seriesId, columns: 1 }
          : { first: statisticId(seriesId, 0), columns: STATISTICS.length };
      yield* readers[of].slices({ ...range, snapshot }, places, wanted);
    }
    if (open.epoch === range.epoch && open.count > 0) yield await Promise.resolve(openSlices(open, seriesId));
  };
}

function openSlices(open: OpenBlock, seriesId: number): readonly Slice[] {
  return open.shapes.flatMap(({ seriesIds, monotonicUs, values }): Slice[] => {
    const place = seriesIds.indexOf(seriesId);
    if (place < 0) return [];
    const column = Float64Array.from(monotonicUs, (_, at) => values[at * seriesIds.length + place] ?? NaN);
    return [{ monotonicUs: Float64Array.from(monotonicUs), columns: [column] }];
  });
}
