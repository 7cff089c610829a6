import { randomBytes } from 'node:crypto';
import { BEFORE_EVERYTHING, parseGatewayId } from '../domain/index.js';
import { FORMAT, decodeIdentity, decodePosition, decodeTotals, encodeIdentity } from './codec.js';
import type { Identity } from './codec.js';
import { foreignFolder } from './data-directory.js';
import { find } from './database.js';
import type { Database } from './database.js';
import * as keys from './keys.js';
import { Ledger } from './ledger.js';
import { corrupt, unusable } from './level-errors.js';
import { decodeObservation, decodeSeries } from './observation-codec.js';

/** Takes the next epoch of this store, and of a new one the first. */
export async function beginEpoch(db: Database, path: string): Promise<Identity> {
  const before = (await readIdentity(db, path)) ?? newIdentity();
  const identity = { ...before, epoch: before.epoch + 1 };
  // Synced: after a power cut the same epoch must not come again, since a backend applies each position once.
  await db.put(keys.IDENTITY_KEY, encodeIdentity(identity), { sync: true });
  return identity;
}

function newIdentity(): Identity {
  return { format: FORMAT, gatewayId: parseGatewayId(randomBytes(8).toString('hex')), epoch: 0 };
}

async function readIdentity(db: Database, path: string): Promise<Identity | undefined> {
  const bytes = await find(db, keys.IDENTITY_KEY);
  if (bytes === undefined) {
    // Empty after a first opening that was cut short; anything else was not written by us.
    if ((await db.keys({ limit: 1 }).all()).length === 0) return undefined;
    throw foreignFolder(path, 'its database is no store of Perigee');
  }
  const read = decodeIdentity(bytes);
  if (read === undefined) throw foreignFolder(path, 'its database is no store of Perigee');
  if (read.kind === 'ours') return read.identity;
  const cure =
    read.format > FORMAT
      ? 'Use the newer Perigee, or choose another directory with --data.'
      : 'Move that directory away and start with a new one, or choose another with --data.';
  throw unusable(`${path} has format ${read.format}, and this Perigee knows ${FORMAT}`, cure);
}

/** Brings into memory what the store keeps there; a checkpoint spares it the reading of all observations. */
export async function loadLedger(db: Database, path: string, epoch: number): Promise<Ledger> {
  const ledger = new Ledger(epoch, await readTotals(db, path));
  for await (const [key, value] of db.iterator(keys.rangeOf('series'))) {
    const series = decodeSeries(value);
    if (series === undefined) throw corrupt(path, `series ${keys.idOfKey(key)} cannot be read`);
    ledger.restoreSeries(keys.idOfKey(key), series);
  }
  const seriesOf = ledger.seriesOf.bind(ledger);
  for await (const [key, value] of db.iterator(keys.rangeOf('latest'))) {
    const latest = decodeObservation(value, seriesOf);
    if (latest === undefined) throw corrupt(path, `the latest of series ${keys.idOfKey(key)} cannot be read`);
    ledger.restoreLatest(latest);
  }
  for await (const value of db.values(keys.observationsBehind(await readCheckpoint(db, path)))) {
    const observation = decodeObservation(value, seriesOf);
    if (observation === undefined) throw corrupt(path, 'an observation cannot be read');
    ledger.note(observation);
  }
  return ledger;
}

async function readTotals(db: Database, path: string) {
  const bytes = await find(db, keys.TOTALS_KEY);
  const totals = bytes === undefined ? { samples: 0, observations: 0 } : decodeTotals(bytes);
  if (totals === undefined) throw corrupt(path, 'its totals cannot be read');
  return totals;
}

async function readCheckpoint(db: Database, path: string) {
  const bytes = await find(db, keys.CHECKPOINT_KEY);
  const checkpoint = bytes === undefined ? BEFORE_EVERYTHING : decodePosition(bytes);
  if (checkpoint === undefined) throw corrupt(path, 'its checkpoint cannot be read');
  return checkpoint;
}
