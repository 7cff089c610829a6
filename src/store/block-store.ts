import { crc32 } from 'node:zlib';
import type { Logger, Position } from '../domain/index.js';
import { decodeBlock, decodeHeader, encodeBlock } from './block-codec.js';
import type { BlockHeader } from './block-codec.js';
import { put } from './database.js';
import type { Database, Operation } from './database.js';
import * as keys from './keys.js';
import { SAMPLES_PER_OBSERVATION_MAX } from './ledger.js';
import { readingFailed } from './level-errors.js';
import { rowsOf } from './open-block.js';
import type { OpenBlock, PlacedRow } from './open-block.js';

const SEAL_BYTES = 4;

/** What writes a block, header and parts in one batch. */
export function blockOperations(block: OpenBlock): Operation[] {
  const place = { epoch: block.epoch, sequence: block.first };
  const { header, parts } = encodeBlock(block);
  return [
    put(keys.blockKeyOf(place), seal(header)),
    ...parts.map((part, index) => put(keys.partKeyOf(place, index), seal(part))),
  ];
}

interface FoundBlock {
  readonly place: Position;
  readonly header: BlockHeader;
}

/** Reads blocks in order. One that cannot be read is left out, and told once. */
export class BlockReader {
  readonly #db: Database;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(db: Database, path: string, logger: Logger) {
    this.#db = db;
    this.#path = path;
    this.#logger = logger;
  }

  /** The rows behind a place that the first block has which has any; undefined when there is none. */
  async rowsBehind(after: Position): Promise<readonly PlacedRow[] | undefined> {
    try {
      const around = await this.#last(keys.blocksUpTo(after));
      const rest = around && (await this.#rows(around, after));
      if (rest !== undefined && rest.length > 0) return rest;
      for await (const [key, value] of this.#db.iterator(keys.blocksBehind(after))) {
        const block = this.#found(key, value);
        const rows = block && (await this.#rows(block, after));
        if (rows !== undefined) return rows;
      }
      return undefined;
    } catch (error) {
      throw readingFailed(this.#path, error);
    }
  }

  async #last(range: {
    readonly gte: Uint8Array;
    readonly lte: Uint8Array;
  }): Promise<FoundBlock | undefined> {
    const [found] = await this.#db.iterator({ ...range, reverse: true, limit: 1 }).all();
    return found && this.#found(...found);
  }

  #found(key: Uint8Array, value: Uint8Array): FoundBlock | undefined {
    const place = keys.positionOfKey(key);
    const bytes = unseal(value);
    const header = bytes && decodeHeader(bytes, SAMPLES_PER_OBSERVATION_MAX);
    if (header === undefined) this.#tell(place);
    return header && { place, header };
  }

  async #rows({ place, header }: FoundBlock, after: Position): Promise<readonly PlacedRow[] | undefined> {
    const { epoch, sequence } = place;
    const behind = after.epoch === epoch ? after.sequence : 0;
    if (behind >= sequence + header.observations - 1) return [];
    const wanted = Array.from({ length: header.firstColumns.length + 1 }, (_, part) =>
      keys.partKeyOf(place, part),
    );
    const values: readonly (Uint8Array | undefined)[] = await this.#db.getMany(wanted);
    const parts = values.flatMap((value) => (value === undefined ? [] : (unseal(value) ?? [])));
    const decoded = decodeBlock(header, parts);
    if (decoded === undefined) this.#tell(place);
    return decoded && rowsOf({ ...decoded, epoch, first: sequence }, behind);
  }

  #tell(place: Position): void {
    const text = `${place.epoch}/${place.sequence}`;
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#logger.error({ path: this.#path, block: place }, 'a block is damaged: its observations are lost');
  }
}

function seal(bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(SEAL_BYTES + bytes.length);
  keys.viewOf(sealed).setUint32(0, crc32(bytes), true);
  sealed.set(bytes, SEAL_BYTES);
  return sealed;
}

function unseal(sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < SEAL_BYTES) return undefined;
  const bytes = sealed.subarray(SEAL_BYTES);
  return keys.viewOf(sealed).getUint32(0, true) === crc32(bytes) ? bytes : undefined;
}
