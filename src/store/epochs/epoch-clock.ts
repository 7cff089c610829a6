import type { TimedEpoch } from '@perigee/columns';
import * as v from 'valibot';
import type { OpenBlock } from '../blocks/open-block.js';
import { put, remove } from '../database/database.js';
import type { Operation } from '../database/database.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import { epochKeyOf } from '../format/keys.js';
import type { RecordedEpoch } from './age.js';

/** What is known of an epoch's clocks; of one in which nothing was stored, only the boot. */
export interface EpochClock {
  /** Linux's boot id: monotonic time goes on as long as it is the same. Empty where it is not known. */
  readonly boot: string;
  readonly stored?: {
    /** Of the first and the last observation. */
    readonly fromUs: number;
    readonly toUs: number;
    /** Wall time less monotonic time, as the gateway believed it at the last one, but for how it is read. */
    readonly offsetMs: number;
  };
  /** Whether the store was closed with all of it in blocks: nothing can be missing at its end. */
  readonly closed?: true;
}

const amount = v.pipe(v.number(), v.finite());
const epochClock = v.object({
  boot: v.string(),
  stored: v.exactOptional(v.object({ fromUs: amount, toUs: amount, offsetMs: amount })),
  closed: v.exactOptional(v.literal(true)),
}) satisfies v.GenericSchema<unknown, EpochClock>;

function encodeEpochClock(clock: EpochClock): Uint8Array {
  return jsonBytes(clock);
}

export function decodeEpochClock(bytes: Uint8Array): EpochClock | undefined {
  const parsed = v.safeParse(epochClock, parseJson(bytes));
  return parsed.success ? parsed.output : undefined;
}

/**
 * A clock whose offset moved by more was set. Less is how it is read: wall time comes in whole milliseconds, and a busy
 * board is kept from reading the other clock at once. Slewing moves both clocks alike, and what else drifts is followed in
 * steps of this size. Services of time step by 128 ms and more.
 */
const SET_MS = 20;

type Offset = number | undefined;

/** The clock of an epoch, a block of observations later; `believed` is the offset of its boot until then. */
function clockWith(clock: EpochClock, { shapes }: Pick<OpenBlock, 'shapes'>, believed: Offset): EpochClock {
  const before = clock.stored ?? { fromUs: Infinity, toUs: -Infinity };
  let { fromUs, toUs } = before;
  let moved = false;
  for (const { monotonicUs, wallMs } of shapes) {
    for (const [index, us] of monotonicUs.entries()) {
      fromUs = Math.min(fromUs, us);
      toUs = Math.max(toUs, us);
      moved ||= us >= before.toUs && !holds(believed, offsetOf(us, wallMs[index]));
    }
  }
  // In order, so only where it must be.
  const offsetMs = moved ? offsetAfter(shapes, before.toUs, believed) : believed;
  return offsetMs === undefined || fromUs > toUs
    ? clock
    : { boot: clock.boot, stored: { fromUs, toUs, offsetMs } };
}

/** As a step at a time leads to it, in order: where a block ends, and which source was told first, changes nothing. */
function offsetAfter(shapes: OpenBlock['shapes'], fromUs: number, believed: Offset): Offset {
  const looks = shapes
    .flatMap(({ monotonicUs, wallMs }) =>
      monotonicUs.map((us, index) => ({ us, offsetMs: offsetOf(us, wallMs[index]) })),
    )
    .filter(({ us }) => us >= fromUs)
    .sort((a, b) => a.us - b.us);
  let known = believed;
  for (const { offsetMs } of looks) if (!holds(known, offsetMs)) known = offsetMs;
  return known;
}

function offsetOf(us: number, wallMs = 0): number {
  return wallMs - us / 1000;
}

function holds(believed: Offset, offsetMs: number): believed is number {
  return believed !== undefined && Math.abs(offsetMs - believed) <= SET_MS;
}

/** Writes the clock of an epoch anew, of the spans that the headers of its blocks tell: the belief at its end, roughly. */
export function clockOperation(epoch: number, stored: NonNullable<EpochClock['stored']>): Operation {
  return put(epochKeyOf(epoch), encodeEpochClock({ boot: '', stored }));
}

/** The clocks of every epoch, by its number, in order. */
export class EpochClocks {
  readonly #clocks: Map<number, EpochClock>;

  constructor(clocks: ReadonlyMap<number, EpochClock>) {
    this.#clocks = new Map(clocks);
  }

  /** Writes that the epoch begins. */
  begin(epoch: number, boot: string): Operation {
    return this.#put(epoch, { boot });
  }

  /** Writes what a block's observations say; telling it twice changes nothing. */
  note(block: Pick<OpenBlock, 'epoch' | 'shapes'>): Operation {
    return this.#put(block.epoch, this.#with(block));
  }

  /** Writes that nothing more comes, and that all of it is in blocks. */
  close(epoch: number): Operation {
    return this.#put(epoch, { ...this.#of(epoch), closed: true });
  }

  /** When each was recorded, in order. */
  recorded(): readonly RecordedEpoch[] {
    return [...this.#clocks]
      .flatMap(([epoch, { stored }]) => (stored === undefined ? [] : [{ epoch, ...stored }]))
      .sort((a, b) => a.epoch - b.epoch);
  }

  /** Writes that the epochs before it are no more. */
  forgetBefore(epoch: number): readonly Operation[] {
    const old = [...this.#clocks.keys()].filter((one) => one < epoch);
    for (const one of old) this.#clocks.delete(one);
    return old.map((one) => remove(epochKeyOf(one)));
  }

  /** Undefined for one of which nothing is known. */
  clockOf(epoch: number): EpochClock | undefined {
    return this.#clocks.get(epoch);
  }

  /** As it will be once the open block is noted. */
  timed(open: Pick<OpenBlock, 'epoch' | 'shapes'>): readonly TimedEpoch[] {
    const clocks = new Map(this.#clocks).set(open.epoch, this.#with(open));
    return timedEpochs(new Map([...clocks].sort(([a], [b]) => a - b)));
  }

  #with(block: Pick<OpenBlock, 'epoch' | 'shapes'>): EpochClock {
    const clock = this.#of(block.epoch);
    return clockWith(clock, block, clock.stored?.offsetMs ?? this.#believed(clock.boot));
  }

  /** By the newest epoch of the boot that has stored anything: monotonic time went on, so its offset still holds. */
  #believed(boot: string): Offset {
    if (boot === '') return undefined;
    let newest: readonly [number, Offset] = [-1, undefined];
    for (const [epoch, { boot: of, stored }] of this.#clocks)
      if (of === boot && stored !== undefined && epoch > newest[0]) newest = [epoch, stored.offsetMs];
    return newest[1];
  }

  #of(epoch: number): EpochClock {
    return this.#clocks.get(epoch) ?? { boot: '' };
  }

  #put(epoch: number, clock: EpochClock): Operation {
    this.#clocks.set(epoch, clock);
    return put(epochKeyOf(epoch), encodeEpochClock(clock));
  }
}

/**
 * In order. Within a boot the newest belief is taken for right, and holds for all of it: a clock is set once it is known.
 * So a step forwards or backwards moves what came before it, and reorders nothing.
 */
function timedEpochs(clocks: ReadonlyMap<number, EpochClock>): readonly TimedEpoch[] {
  const offsets = new Map<string, number>();
  for (const { boot, stored } of clocks.values())
    if (stored !== undefined) offsets.set(boot, stored.offsetMs);
  return [...clocks].flatMap(([epoch, { boot, stored }]) => {
    if (stored === undefined) return [];
    const offsetMs = boot === '' ? stored.offsetMs : (offsets.get(boot) ?? stored.offsetMs);
    return [{ epoch, fromUs: stored.fromUs, toUs: stored.toUs, offsetMs }];
  });
}
