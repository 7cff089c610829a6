import { seriesKey } from '../../domain/index.js';
import type { Loss, Position } from '../../domain/index.js';
import type { BlockHeader } from '../blocks/block-codec.js';
import { blockOperations, unseal } from '../blocks/sealed-block.js';
import { OpenBlock, rowsOf } from '../blocks/open-block.js';
import { find, remove } from '../database/database.js';
import type { Database, Operation } from '../database/database.js';
import * as keys from '../format/keys.js';
import type { Aside } from '../salvage/set-aside.js';
import { decodeSeries } from '../series/observation-codec.js';
import { decodeReadable } from './readable.js';

/** Observations that are kept, without the values of some series. */
export interface PartialLoss extends Loss {
  readonly series: readonly string[];
}

interface DamagedBlock {
  readonly place: Position;
  readonly header: BlockHeader;
}

/**
 * Writes a block of observations again without the parts of it that cannot be read, which go aside. Undefined where
 * nothing of worth can be read: its times are needed, and at least one column.
 */
export async function mendBlock(
  db: Database,
  aside: Aside,
  { place, header }: DamagedBlock,
): Promise<PartialLoss | undefined> {
  const partKeys = Array.from({ length: header.firstColumns.length + 1 }, (_, part) =>
    keys.partKeyOf(place, part),
  );
  const sealed: readonly (Uint8Array | undefined)[] = await db.getMany(partKeys);
  const parts = sealed.map((bytes) => bytes && unseal(bytes));
  const readable = decodeReadable(header, parts);
  if (readable === undefined) return undefined;
  const { order, shapes, incomplete: count, lostSeries } = readable;
  const again = new OpenBlock(place);
  for (const row of rowsOf({ order, shapes, epoch: place.epoch, first: place.sequence }, 0)) again.add(row);
  const removed: Operation[] = partKeys.map((key) => remove(key));
  for (const [index, key] of partKeys.entries()) {
    const bytes = sealed[index];
    if (parts[index] === undefined && bytes !== undefined)
      await aside.keep(key, bytes, 'a part of a block of raw');
  }
  await db.batch([...removed, ...blockOperations(again)], { sync: true });
  const times = { fromMs: header.wallMs.least, toMs: header.wallMs.most };
  const sequences = { first: place.sequence, last: place.sequence + header.observations - 1 };
  const series = await Promise.all([...lostSeries].map((id) => nameOf(db, id)));
  return { reason: 'damaged', what: 'observations', epoch: place.epoch, count, sequences, times, series };
}

async function nameOf(db: Database, id: number): Promise<string> {
  const bytes = await find(db, keys.seriesKeyOf(id));
  const series = bytes && decodeSeries(bytes);
  return series === undefined ? `series ${id}` : seriesKey(series);
}
