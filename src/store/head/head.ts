import { rm } from 'node:fs/promises';
import { comparePositions, reasonOf } from '../../domain/index.js';
import type { GatewayId, Logger } from '../../domain/index.js';
import type { HeadStarts } from '../format/codec.js';
import type { Aside } from '../salvage/set-aside.js';
import { SAMPLES_PER_OBSERVATION_MAX } from '../series/ledger.js';
import type { PlacedRow } from '../series/row.js';
import { FRAME_HEADER_BYTES } from './frames.js';
import type { Frame } from './frames.js';
import { HeadDecoder, HeadEncoder } from './head-codec.js';
import { HeadRing, RING_BYTES } from './head-ring.js';

/** Half a ring: with more than this in it, what it holds is made a block. */
export const HEAD_FULL_BYTES = RING_BYTES / 2;

/**
 * A sample takes nine bytes at most, and three more where its shape is new; an observation, some thirty beside them. So
 * these fit into a frame, whatever the values are.
 */
const FRAME_SAMPLES_MAX = 4096;
const FRAME_ROWS_MAX = 256;

/** Where it is not known what is needed: each opening begins a lap, and leaves what is behind it of earlier ones. */
const LAPS_BACK = 8;

export interface HeadOptions {
  /** The store's folder, on the card. */
  readonly folder: string;
  /** A folder of our own in a file system in memory; absent where there is none. */
  readonly memoryFolder: string | undefined;
  /** Whether what is in memory goes to the card too, at each `sync`. */
  readonly onCard: boolean;
  /** Undefined where the database does not say it any more: then all that is in the rings is given back. */
  readonly starts: HeadStarts | undefined;
  /** Whose store it is: nothing of another gateway's head log is read. */
  readonly gatewayId: GatewayId;
  readonly aside: Aside;
  readonly logger: Logger;
}

/**
 * The head log: observations that are in no block yet. Each goes at once into a ring in memory, which a killed process
 * leaves behind, and at each `sync` together into one on the card, which a power cut leaves. Where no file system in
 * memory is at hand, each goes into the one on the card at once.
 */
export class Head implements AsyncDisposable {
  readonly #options: HeadOptions;
  readonly #card: HeadRing;
  readonly #memory: HeadRing | undefined;
  readonly #encoder = new HeadEncoder();
  /** In memory, and not on the card. */
  #unsynced: Uint8Array[] = [];
  /** Whether all that it held is in blocks. */
  #isReleased = false;
  /** Settles when the card has what it was given; never rejects. */
  #cardWork: Promise<void> = Promise.resolve();

  private constructor(options: HeadOptions, card: HeadRing, memory: HeadRing | undefined) {
    this.#options = options;
    this.#card = card;
    this.#memory = memory;
  }

  /** Opens both rings, and gives what they hold behind `starts`, in order: whoever has made blocks of it says `release`. */
  static async open(
    options: HeadOptions,
  ): Promise<{ readonly head: Head; readonly rows: readonly PlacedRow[] }> {
    const { folder, memoryFolder, starts } = options;
    const card = await openRing(folder, options);
    const memory = memoryFolder === undefined ? undefined : await openRing(memoryFolder, options);
    const head = new Head(options, card, memory);
    const rows = [
      ...(await recover(card, starts?.card)),
      ...(memory ? await recover(memory, starts?.memory) : []),
    ];
    return { head, rows: inOrder(rows) };
  }

  /** Where what is written from now on begins. */
  get starts(): HeadStarts {
    return { card: this.#card.end, memory: this.#memory?.end ?? this.#options.starts?.memory ?? 0 };
  }

  /** Nothing is in it that is not in blocks: this epoch writes from here on. */
  async begin(epoch: number): Promise<void> {
    this.release();
    await this.#card.noteOpening(epoch);
    await this.#memory?.noteOpening(epoch);
  }

  /** Of the fuller ring. */
  get usedBytes(): number {
    return Math.max(this.#card.usedBytes, this.#memory?.usedBytes ?? 0);
  }

  /** Once it resolves, a killed process loses none of it. After a failure none of it is in the log. */
  async append(rows: readonly PlacedRow[]): Promise<void> {
    const payloads = [...framesOf(rows)].map((some) => this.#encoder.encode(some));
    try {
      await (this.#memory ?? this.#card).append(payloads);
    } catch (error) {
      this.#encoder.startAfresh();
      throw error;
    }
    this.#isReleased = false;
    if (this.#memory !== undefined && this.#options.onCard) this.#unsynced.push(...payloads);
  }

  /**
   * Begins to make durable what was appended, once `first` is done; `settled` tells when that is. Not while an append is
   * under way.
   */
  sync(first: () => Promise<void>): void {
    const payloads = this.#unsynced;
    this.#unsynced = [];
    this.#encoder.startAfresh();
    this.#cardWork = this.#cardWork.then(async () => {
      try {
        await first();
        if (payloads.length > 0) await this.#toCard(payloads);
        await this.#card.sync();
      } catch (error) {
        // They follow one another without a gap, so that the next sync can try again with all of them.
        this.#unsynced = [...payloads, ...this.#unsynced];
        this.#options.logger.error({ reason: reasonOf(error) }, 'samples are not safe from a power cut yet');
      }
    });
  }

  settled(): Promise<void> {
    return this.#cardWork;
  }

  /** A block holds everything: the log is empty from here on. */
  release(): void {
    this.#unsynced = [];
    this.#encoder.startAfresh();
    this.#card.release();
    this.#memory?.release();
    this.#isReleased = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cardWork;
    await this.#card[Symbol.asyncDispose]();
    await this.#memory?.[Symbol.asyncDispose]();
    const { memoryFolder } = this.#options;
    // With nothing in it, memory need not be taken until the next start.
    if (memoryFolder !== undefined && this.#isReleased)
      await rm(memoryFolder, { recursive: true, force: true });
  }

  async #toCard(payloads: readonly Uint8Array[]): Promise<void> {
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, FRAME_HEADER_BYTES);
    this.#card.alignFor(bytes);
    await this.#card.append(payloads);
  }
}

function* framesOf(rows: readonly PlacedRow[]): Generator<readonly PlacedRow[]> {
  let from = 0;
  let samples = 0;
  for (const [at, { values }] of rows.entries()) {
    samples += values.length;
    if (at === from || (samples <= FRAME_SAMPLES_MAX && at - from < FRAME_ROWS_MAX)) continue;
    yield rows.slice(from, at);
    from = at;
    samples = values.length;
  }
  if (from < rows.length) yield rows.slice(from);
}

async function openRing(folder: string, { gatewayId, aside, logger }: HeadOptions): Promise<HeadRing> {
  const { ring, stranger } = await HeadRing.open(folder, gatewayId, aside);
  if (stranger !== undefined) {
    const fields = { aside: aside.path, gatewayId };
    logger.error(fields, `the head log belonged to ${stranger}, and is set aside: nothing of it was read`);
  }
  return ring;
}

async function recover(ring: HeadRing, start: number | undefined): Promise<readonly PlacedRow[]> {
  const opened = ring.openedAt;
  // A database that knows less than its head log was damaged, or is an older copy.
  const isBehind = start === undefined || start < opened;
  const from = start ?? Math.max(0, opened - LAPS_BACK * RING_BYTES);
  const frames = isBehind ? await ring.readAhead(from) : await ring.read(from);
  ring.beginLapBehind(Math.max(frames.at(-1)?.end ?? 0, from, opened));
  return [...rowsIn(frames)];
}

/** A frame that does not begin where the last one ended stands by itself, or is lost with what went missing. */
function* rowsIn(frames: readonly Frame[]): Generator<PlacedRow> {
  const decoder = new HeadDecoder(SAMPLES_PER_OBSERVATION_MAX);
  let end: number | undefined;
  for (const frame of frames) {
    if (frame.offset !== end) decoder.forget();
    for (const row of decoder.decode(frame.payload)) if (row !== undefined) yield row;
    end = frame.end;
  }
}

/** Each place once: the two rings hold much of the same. */
function inOrder(rows: readonly PlacedRow[]): readonly PlacedRow[] {
  const sorted = rows.toSorted((a, b) => comparePositions(a.position, b.position));
  return sorted.filter((row, index) => {
    const before = sorted[index - 1];
    return before === undefined || comparePositions(before.position, row.position) !== 0;
  });
}
