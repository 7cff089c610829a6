import { comparePositions, seriesKey } from '../../domain/index.js';
import type { Position } from '../../domain/index.js';
import { blockHeaders } from '../blocks/block-headers.js';
import type { BlockReader } from '../blocks/block-store.js';
import type { Database } from '../database/database.js';
import type { Ledger } from '../series/ledger.js';

/** Looks in the blocks for the newest sample of each series whose newest the database has lost. */
export async function findLatest(db: Database, reader: BlockReader, ledger: Ledger): Promise<void> {
  const known = new Set(ledger.latest().map(({ series }) => ledger.idOf(seriesKey(series))));
  const places = new Map<number, Position>();
  for await (const { place, header } of blockHeaders(db))
    for (const { seriesIds } of header?.shapes ?? [])
      for (const id of seriesIds) if (!known.has(id)) places.set(id, place);
  const blocks = new Map([...places.values()].map((place) => [`${place.epoch}/${place.sequence}`, place]));
  for (const place of blocks.values()) {
    const rows = await reader.rowsBehind({ epoch: place.epoch, sequence: place.sequence - 1 });
    for (const row of rows ?? []) {
      const wanted = row.seriesIds.map((id) => comparePositions(places.get(id) ?? NOWHERE, place) === 0);
      const seriesIds = row.seriesIds.filter((_, at) => wanted[at]);
      const values = row.values.filter((_, at) => wanted[at]);
      if (seriesIds.length > 0) ledger.note({ ...row, seriesIds, values });
    }
  }
}

const NOWHERE: Position = { epoch: -1, sequence: 0 };
