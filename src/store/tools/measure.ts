import type { MeasuredBlocks, Position, Resolution } from '../../domain/index.js';
import { decodeHeader } from '../blocks/block-codec.js';
import { unseal } from '../blocks/sealed-block.js';
import { STATISTICS } from '../blocks/statistics.js';
import type { Database } from '../database/database.js';
import * as keys from '../format/keys.js';
import { HOUR_US, MINUTE_US } from '../rollups/rollups.js';
import { SAMPLES_PER_OBSERVATION_MAX } from '../series/ledger.js';

/** A day of blocks of five minutes, some megabytes: enough to know a rate, and soon read. */
const BLOCKS_MEASURED = 288;

/** What a row of each resolution spans. */
const ROW_US: Readonly<Record<Resolution, number>> = { raw: 0, minutes: MINUTE_US, hours: HOUR_US };

/** The newest blocks, with their parts; what cannot be read counts for its bytes only. */
export async function measureBlocks(db: Database, resolution: Resolution): Promise<MeasuredBlocks> {
  const columns = resolution === 'raw' ? 1 : STATISTICS.length;
  const spans = new Map<number, { least: number; most: number }>();
  let [blocks, points, bytes] = [0, 0, 0];
  const newest = { ...keys.blocksBehind({ epoch: 0, sequence: 0 }, resolution), reverse: true };
  for await (const [key, value] of db.iterator({ ...newest, limit: BLOCKS_MEASURED })) {
    const place = keys.positionOfKey(key);
    blocks += 1;
    bytes += key.length + value.length + (await bytesOfParts(db, place, resolution));
    const sealed = unseal(value);
    const header = sealed && decodeHeader(sealed, SAMPLES_PER_OBSERVATION_MAX * STATISTICS.length);
    if (header === undefined) continue;
    for (const { seriesIds, observations } of header.shapes)
      points += (seriesIds.length / columns) * observations;
    const { least, most } = spans.get(place.epoch) ?? { least: Infinity, most: -Infinity };
    const { monotonicUs } = header;
    spans.set(place.epoch, {
      least: Math.min(least, monotonicUs.least),
      most: Math.max(most, monotonicUs.most + ROW_US[resolution]),
    });
  }
  const us = [...spans.values()].reduce((sum, { least, most }) => sum + most - least, 0);
  return { blocks, points, bytes, seconds: us / 1e6 };
}

async function bytesOfParts(db: Database, place: Position, resolution: Resolution): Promise<number> {
  const parts = await db.iterator(keys.partsOf(place, place, resolution)).all();
  return parts.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}
