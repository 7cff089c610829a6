import { ByteWriter, ColumnEncoder, meetings } from '@perigee/columns';
import type { MetEpoch } from '@perigee/columns';
import { PerigeeError, seriesKey } from '../../domain/index.js';
import type {
  HistoryPack,
  PackedBlock,
  PackedShape,
  PackLimits,
  PackRequest,
  Resolution,
  Series,
} from '../../domain/index.js';
import { cut, cuttingsOf, partsOf } from '../blocks/block-cutting.js';
import type { FoundBlock } from '../blocks/block-slices.js';
import type { OpenBlock, Shape } from '../blocks/open-block.js';
import { columnsOfSeries } from '../blocks/sealed-block.js';
import { sectionsOf } from './sections.js';
import type { HistoryParts } from './sections.js';

/** Of a shape and of each of its columns, beside their bytes: lengths and numbers. */
const HEAD_BYTES = 10;
const BYTES_PER_CHARACTER = 3;
const EPOCH_BYTES = 32;

type Range = Pick<PackRequest, 'fromMs' | 'toMs' | 'resolution'>;

interface Attempt {
  readonly blocks: readonly PackedBlock[];
  /** Where it became too much. */
  readonly fullAtMs?: number;
}

/** Of the beginning of the range as much as the limits allow: then it ends before what was asked for. */
export async function packHistory(
  parts: HistoryParts,
  series: ReadonlyMap<number, Series>,
  { limits, ...asked }: PackRequest,
): Promise<HistoryPack> {
  const texts = [...series.values()].reduce((sum, each) => sum + seriesKey(each).length, 0);
  const dictionary = 3 * HEAD_BYTES * series.size + BYTES_PER_CHARACTER * texts;
  const bytes = limits.bytes - dictionary - EPOCH_BYTES * limits.epochs;
  if (series.size > limits.series || bytes < limits.bytes / 2) throw tooMuch();
  let { toMs } = asked;
  for (;;) {
    const range = { fromMs: asked.fromMs, toMs, resolution: asked.resolution };
    const { blocks, fullAtMs } = await attempt(parts, series, range, { ...limits, bytes });
    const epochs = meetings(parts.epochs, range).map(({ epoch }) => epoch);
    if (fullAtMs === undefined)
      return { ...range, series, blocks, epochs: parts.epochs.filter(({ epoch }) => epochs.includes(epoch)) };
    toMs = shorter(range, Math.floor(fullAtMs));
  }
}

async function attempt(
  parts: HistoryParts,
  series: ReadonlyMap<number, Series>,
  range: Range,
  limits: PackLimits,
): Promise<Attempt> {
  const blocks: PackedBlock[] = [];
  const room = new Room(limits);
  const met = [...meetings(parts.epochs, range)].sort((a, b) => a.startMs - b.startMs);
  for (const [index, epoch] of met.entries()) {
    if (index === limits.epochs) return { blocks, fullAtMs: epoch.startMs };
    for await (const { block, startUs } of blocksOf(parts, series, epoch, range.resolution)) {
      if (!block.shapes.every((shape) => room.take(shape)))
        return { blocks, fullAtMs: startUs / 1000 + epoch.offsetMs };
      blocks.push(block);
    }
  }
  return { blocks };
}

/** A shorter range: up to where it became too much, or half of it where that is no shorter. */
function shorter({ fromMs, toMs }: Range, fullAtMs: number): number {
  if (fullAtMs > fromMs && fullAtMs < toMs) return fullAtMs;
  const half = fromMs + Math.floor((toMs - fromMs) / 2);
  if (half > fromMs) return half;
  throw tooMuch();
}

/** Counts what a pack has room for. */
class Room {
  readonly #limits: PackLimits;
  #bytes = 0;
  #shapes = 0;
  #values = 0;

  constructor(limits: PackLimits) {
    this.#limits = limits;
  }

  /** False for what does not fit any more. */
  take({ columns, observations, times }: PackedShape): boolean {
    this.#shapes += 1;
    this.#values += (columns.length + 1) * observations;
    this.#bytes += 2 * HEAD_BYTES + times.length;
    for (const column of columns) this.#bytes += HEAD_BYTES + column.length;
    const { bytes, shapes, values } = this.#limits;
    return this.#bytes <= bytes && this.#shapes <= shapes && this.#values <= values;
  }
}

interface StartingBlock {
  readonly block: PackedBlock;
  readonly startUs: number;
}

async function* blocksOf(
  parts: HistoryParts,
  series: ReadonlyMap<number, Series>,
  met: MetEpoch,
  resolution: Resolution,
): AsyncGenerator<StartingBlock> {
  const { open, readers, snapshot } = parts;
  const { epoch } = met;
  for (const { of, places } of sectionsOf(parts, resolution))
    for await (const found of readers[of].blocks({ ...met, snapshot }, places))
      for (const block of found) {
        const shapes = await shapesOf(parts, of, block, (id) => series.has(id));
        const startUs = block.header.monotonicUs.least;
        if (shapes.length > 0) yield { block: { resolution: of, epoch, shapes }, startUs };
      }
  if (open.epoch !== epoch) return;
  const shapes = openShapes(open, met, (id) => series.has(id));
  if (shapes.length > 0) yield { block: { resolution: 'raw', epoch, shapes }, startUs: startOf(open, met) };
}

async function shapesOf(
  { readers, snapshot }: HistoryParts,
  of: Resolution,
  block: FoundBlock,
  isWanted: (seriesId: number) => boolean,
): Promise<readonly PackedShape[]> {
  const cuttings = cuttingsOf(block, isWanted, columnsOfSeries(of));
  if (cuttings.length === 0) return [];
  const numbers = partsOf(cuttings);
  const parts = await readers[of].parts(block, numbers, snapshot);
  const shapes = parts && cut(cuttings, new Map(numbers.map((number, at) => [number, parts[at] ?? NOTHING])));
  if (parts !== undefined && shapes === undefined) readers[of].tell(block.place, block.header);
  return shapes ?? [];
}

const NOTHING = new Uint8Array();

/** What is in no block yet, as the columns that it would become: of the range only, so that it stays the same. */
function openShapes(
  { shapes }: OpenBlock,
  met: MetEpoch,
  isWanted: (seriesId: number) => boolean,
): readonly PackedShape[] {
  return shapes.flatMap((shape): PackedShape[] => {
    const places = shape.seriesIds.flatMap((id, place) => (isWanted(id) ? [place] : []));
    const rows = rowsIn(shape, met);
    if (places.length === 0 || rows.length === 0) return [];
    const encoder = new ColumnEncoder(rows.length);
    const column = (valueAt: (row: number) => number): Uint8Array => {
      const writer = new ByteWriter();
      encoder.encode(writer, Float64Array.from(rows, valueAt));
      return writer.finish();
    };
    const { seriesIds, monotonicUs, values } = shape;
    return [
      {
        observations: rows.length,
        seriesIds: places.map((place) => seriesIds[place] ?? 0),
        times: column((row) => monotonicUs[row] ?? 0),
        columns: places.map((place) => column((row) => values[row * seriesIds.length + place] ?? NaN)),
      },
    ];
  });
}

function rowsIn({ monotonicUs }: Shape, { fromUs, toUs }: MetEpoch): readonly number[] {
  return monotonicUs.flatMap((us, row) => (us >= fromUs && us < toUs ? [row] : []));
}

function startOf({ shapes }: OpenBlock, met: MetEpoch): number {
  return shapes
    .flatMap((shape) => rowsIn(shape, met).map((row) => shape.monotonicUs[row] ?? 0))
    .reduce((least, us) => Math.min(least, us), Infinity);
}

function tooMuch(): PerigeeError {
  const cure = 'Name fewer series, or ask for minutes or hours.';
  return new PerigeeError('usage', 'these are more series than one snapshot takes', cure);
}
