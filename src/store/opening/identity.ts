import { randomBytes, randomInt } from 'node:crypto';
import { parseGatewayId } from '../../domain/index.js';
import type { Logger } from '../../domain/index.js';
import { foreignFolder } from '../database/data-directory.js';
import { find } from '../database/database.js';
import type { Database } from '../database/database.js';
import { unusable } from '../database/level-errors.js';
import { decodeEpochClock } from '../epochs/epoch-clock.js';
import { FORMAT, decodeIdentity, encodeIdentity } from '../format/codec.js';
import type { Identity } from '../format/codec.js';
import * as keys from '../format/keys.js';
import { HeadRing } from '../head/head-ring.js';
import type { RingHeader } from '../head/ring-header.js';
import type { Aside } from '../salvage/set-aside.js';
import type { Soundness } from '../salvage/sound-database.js';

/** Openings that may be forgotten with what was damaged: no place is taken twice, since a backend applies each once. */
const EPOCHS_SKIPPED = 1024;
/** By chance: of a card that was copied, both boards go on, and take different places. */
const EPOCHS_APART = 2 ** 20;
const MOVED =
  'this store was on another board before; if that board goes on with a copy of it, a backend takes both for one gateway: ' +
  'give one of them a new data directory';
/** More openings than a store ever has: an epoch so far ahead is noise. */
const EPOCHS_AHEAD_MAX = 2 ** 24;

export interface IdentityParts {
  readonly db: Database;
  readonly path: string;
  /** In memory, with a head log of its own. */
  readonly memoryFolder: string | undefined;
  readonly aside: Aside;
  readonly logger: Logger;
  readonly soundness: Soundness;
  /** The number that this board was made with, where it is known. */
  readonly board: string | undefined;
}

/** Takes the next epoch of this store, and of a new one the first. */
export async function beginEpoch(parts: IdentityParts): Promise<Identity> {
  const { db, path, memoryFolder, soundness, logger, board } = parts;
  const card = await HeadRing.peek(path);
  const memory = memoryFolder === undefined ? undefined : await HeadRing.peek(memoryFolder);
  const before = (await readIdentity(parts, card)) ?? newIdentity();
  const ours = [card, memory].filter((header) => header?.gatewayId === before.gatewayId);
  const seen = [...ours.map((header) => header?.opening?.epoch ?? 0), await newestEpoch(db)];
  const newest = Math.max(before.epoch, ...seen.filter((epoch) => epoch < before.epoch + EPOCHS_AHEAD_MAX));
  const isCertain = soundness === 'whole' && newest === before.epoch;
  const isMoved = board !== undefined && (before.board ?? board) !== board;
  const epoch = newest + (isMoved ? randomInt(EPOCHS_SKIPPED, EPOCHS_APART) : isCertain ? 1 : EPOCHS_SKIPPED);
  if (isMoved) logger.warn({ before: before.board, now: board }, MOVED);
  if (newest !== before.epoch)
    logger.error(
      { epoch: before.epoch, newest },
      'the database is older than its head log: writes were lost',
    );
  const identity = { ...before, format: FORMAT, epoch, ...(board === undefined ? {} : { board }) };
  // Synced: after a power cut the same epoch must not come again.
  await db.put(keys.IDENTITY_KEY, encodeIdentity(identity), { sync: true });
  return identity;
}

function newIdentity(): Identity {
  return { format: FORMAT, gatewayId: parseGatewayId(randomBytes(8).toString('hex')), epoch: 0 };
}

async function readIdentity(
  parts: IdentityParts,
  ring: RingHeader | undefined,
): Promise<Identity | undefined> {
  const { db, path } = parts;
  const bytes = await find(db, keys.IDENTITY_KEY);
  const known = await identityIn(db, path, ring);
  if (known === 'none') return inheritedFrom(ring);
  return known === 'unreadable' ? restored(parts, ring, bytes) : known;
}

/**
 * Whose store a database is.
 *
 * @throws PerigeeError `data-dir-unusable` where it is another program's, or of another format.
 */
export async function identityIn(
  db: Database,
  path: string,
  ring: RingHeader | undefined,
): Promise<Identity | 'none' | 'unreadable'> {
  const bytes = await find(db, keys.IDENTITY_KEY);
  // Empty after a first opening that was cut short.
  if (bytes === undefined && (await db.keys({ limit: 1 }).all()).length === 0) return 'none';
  const read = bytes && decodeIdentity(bytes);
  if (read?.kind === 'ours') return read.identity;
  if (read !== undefined) throw otherFormat(path, read.format);
  if (bytes !== undefined && isOfAnotherProgram(bytes)) throw foreignFolder(path, NO_STORE);
  if (ring === undefined && !(await hasOurEpochs(db))) throw foreignFolder(path, NO_STORE);
  return 'unreadable';
}

const NO_STORE = 'its database is no store of Perigee';

/** A head log without its database: the samples are lost, and the gateway is still the same. */
function inheritedFrom(ring: RingHeader | undefined): Identity | undefined {
  return ring?.gatewayId === undefined ? undefined : { ...newIdentity(), gatewayId: ring.gatewayId };
}

async function restored(
  { aside, logger }: IdentityParts,
  ring: RingHeader | undefined,
  bytes: Uint8Array | undefined,
): Promise<Identity> {
  if (bytes !== undefined) await aside.keep(keys.IDENTITY_KEY, bytes, 'whose store it is');
  const inherited = inheritedFrom(ring);
  const identity = inherited ?? newIdentity();
  const text =
    inherited === undefined
      ? 'nothing says any more whose store this is: it is a new gateway from now on'
      : 'the database does not say any more whose store it is; the head log does';
  logger.error({ gatewayId: identity.gatewayId }, text);
  return identity;
}

export function otherFormat(path: string, format: number): Error {
  const cure =
    format > FORMAT
      ? 'Use the newer Perigee, or choose another directory with --data.'
      : 'Move that directory away and start with a new one, or choose another with --data.';
  return unusable(`${path} has format ${format}, and this Perigee knows ${FORMAT}`, cure);
}

/** What begins as a JSON text does was hardly ours before it was damaged. */
function isOfAnotherProgram(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  return text.startsWith('{') && !text.includes('perigee');
}

async function hasOurEpochs(db: Database): Promise<boolean> {
  for await (const value of db.values(keys.rangeOf('epoch')))
    if (decodeEpochClock(value) !== undefined) return true;
  return false;
}

const ORDERED: readonly (readonly [family: keys.Family, keyBytes: number])[] = [
  ['epoch', 5],
  ['block', 1 + keys.POSITION_BYTES],
  ['runByChange', 1 + keys.POSITION_BYTES],
];

/** Of any row whose key begins with one. */
async function newestEpoch(db: Database): Promise<number> {
  const lasts = await Promise.all(
    ORDERED.map(async ([family, keyBytes]) => {
      const [key] = await db.keys({ ...keys.rangeOf(family), reverse: true, limit: 1 }).all();
      return key?.length === keyBytes ? keys.idOfKey(key) : 0;
    }),
  );
  return Math.max(...lasts);
}
