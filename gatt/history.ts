import { ByteReader, decodeColumn, readHistory } from '@perigee/columns';
import type { EpochRange, HistoryRange, Slice } from '@perigee/columns';
import { columnsOfSeries, decodeHistory } from './history-codec.js';
import type { HistoryBlock, HistoryShape, PackedHistory } from './history-codec.js';

/**
 * Observations that are looked at to read one series, some of them twice. Epochs can be said to lie so that it never ends;
 * those of a gateway of ours take a part of it.
 */
const STEPS_MAX = 2 ** 25;
/** To look for some costs as much as to read so many. */
const LOOK_STEPS = 100;

/** Of one block. */
interface Group {
  readonly slices: readonly Slice[];
  readonly leastUs: number;
  readonly mostUs: number;
}

/** A history that was fetched, read one series at a time: as the gateway itself would read it. */
export class History {
  readonly packed: PackedHistory;

  private constructor(packed: PackedHistory) {
    this.packed = packed;
  }

  /** Undefined for what no gateway of ours would send. */
  static read(bytes: Uint8Array): History | undefined {
    const packed = decodeHistory(bytes);
    return packed && new History(packed);
  }

  /** In the order of time. @throws RangeError for epochs that no gateway has. */
  points(seriesId: number): ReturnType<typeof readHistory> {
    const { blocks, epochs } = this.packed;
    const range: HistoryRange = this.packed;
    const groups = new Map(epochs.map(({ epoch }) => [epoch, groupsOf(blocks, epoch, seriesId)]));
    let steps = 0;
    return readHistory(
      async function* ({ epoch, fromUs, toUs }: EpochRange) {
        const there = groups.get(epoch) ?? [];
        const found = there.filter(({ leastUs, mostUs }) => mostUs >= fromUs && leastUs < toUs);
        steps += LOOK_STEPS + there.length;
        if (steps > STEPS_MAX) throw new RangeError('the epochs of this history lie as no gateway has them');
        for (const { slices } of found) {
          steps += slices.reduce((sum, { monotonicUs }) => sum + monotonicUs.length, 0);
          yield await Promise.resolve(slices);
        }
      },
      epochs,
      range,
    );
  }
}

function groupsOf(blocks: readonly HistoryBlock[], epoch: number, seriesId: number): readonly Group[] {
  return blocks.flatMap((block): Group[] => {
    if (block.epoch !== epoch) return [];
    const slices = block.shapes.flatMap((shape) =>
      sliceOf(shape, seriesId, columnsOfSeries(block.resolution)),
    );
    return slices.length === 0 ? [] : [{ slices, ...spanOf(slices) }];
  });
}

function sliceOf(
  { columns, observations, seriesIds, times }: HistoryShape,
  seriesId: number,
  each: number,
): Slice[] {
  const place = seriesIds.indexOf(seriesId);
  if (place < 0) return [];
  const found = columns.slice(place * each, (place + 1) * each);
  return [
    {
      monotonicUs: decoded(times, observations),
      columns: found.map((column) => decoded(column, observations)),
    },
  ];
}

function decoded(column: Uint8Array, observations: number): Float64Array {
  const values = new Float64Array(observations);
  decodeColumn(new ByteReader(column), values);
  return values;
}

function spanOf(slices: readonly Slice[]): Pick<Group, 'leastUs' | 'mostUs'> {
  let [leastUs, mostUs] = [Infinity, -Infinity];
  for (const { monotonicUs } of slices)
    for (const us of monotonicUs) {
      if (us < leastUs) leastUs = us;
      if (us > mostUs) mostUs = us;
    }
  return { leastUs, mostUs };
}
