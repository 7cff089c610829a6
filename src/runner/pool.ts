import { reasonOf, type Admission, type Image, type ImageName, type Logger } from '../domain/index.js';
import type { QemuSpec, RunId, WarmStart } from '../domain/index.js';
import { measureAll } from './footprint.js';
import type { Vm, VmListener } from './monitor.js';
import { isSame, startsAlike, type ReadyKey } from './ready-key.js';
import { createRelay, type Relay } from './relay.js';

/** A guest that can be kept ready, and how. */
export interface Readiable {
  readonly way: WarmStart;
  /** What is started. */
  readonly spec: QemuSpec;
  readonly key: ReadyKey;
  /** Of all files that were checked before it was started. */
  readonly imageBytes: number;
  readonly readyWithinMs: number;
}

/** Ready, and promised to one run. */
export interface ReadyGuest {
  readonly way: WarmStart;
  readonly spec: QemuSpec;
  readonly imageBytes: number;
  readonly vm: Vm;
  /** Its memory counts by this until the run has a place of its own, or the guest is gone. */
  readonly place: Disposable;
  /** Lets it go. What it says is held until somebody listens. */
  begin(): void;
  /** Hands over all that it said so far: what is answered to that finds it at work. */
  attach(listener: VmListener): void;
  /** For a run that came to nothing. */
  discard(): void;
}

export interface PoolParts {
  readonly reserve: Admission['reserve'];
  /** The image as it is now, verified; undefined for one that cannot be kept ready. @throws PerigeeError `image-*`. */
  readonly prepare: (image: ImageName, slot: RunId) => Promise<Readiable | undefined>;
  /** The image as it is now; undefined where there is none any more. */
  readonly current: (image: ImageName) => Promise<Image | undefined>;
  readonly startVm: (spec: QemuSpec, listener: VmListener, slot: RunId, stopped: boolean) => Vm;
  readonly practiceFrame: Uint8Array;
  /** Lets a booted guest begin. */
  readonly startFrame: Uint8Array;
  readonly newSlot: () => RunId;
  /** Guests' memory that may be kept ready in all. */
  readonly budgetMib: number;
  readonly logger: Logger;
}

export interface WarmPool extends AsyncDisposable {
  /** How many of each image are to be kept ready from now on; what is not named is let go. */
  want(sizes: ReadonlyMap<ImageName, number>): void;
  /** Never the same one twice. */
  take(key: ReadyKey): ReadyGuest | undefined;
  /** How many of each image are ready. */
  ready(): ReadonlyMap<ImageName, number>;
}

/** A run that was just given a guest has the processor first. */
const REFILL_AFTER_MS = 250;
/** An image whose guests do not stay ready is tried ever less often. */
const LONGEST_PAUSE_MS = 60_000;
/** Runs come first: room for a guest that only waits is looked for now and then. */
const NO_ROOM_PAUSE_MS = 5000;
/** Images are replaced and removed by commands that tell no gateway. */
const LOOK_AGAIN_MS = 30_000;

export function createPool(parts: PoolParts): WarmPool {
  return new Pool(parts);
}

interface Entry {
  readonly image: ImageName;
  readonly readiable: Readiable;
  readonly vm: Vm;
  readonly relay: Relay;
  readonly place: Disposable;
  /** Looked at once: it does nothing until it has a run. */
  residentMib: number;
  /** `leaving`: not wanted any more; `failed`: of no use. Both are gone in a moment. */
  state: 'starting' | 'ready' | 'taken' | 'leaving' | 'failed';
  readonly deadline: NodeJS.Timeout;
}

class Pool implements WarmPool {
  readonly #parts: PoolParts;
  readonly #entries = new Set<Entry>();
  readonly #pauses = new Map<ImageName, number>();
  #sizes: ReadonlyMap<ImageName, number> = new Map();
  readonly #timers = new Map<ImageName, NodeJS.Timeout>();
  #filling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  want(sizes: ReadonlyMap<ImageName, number>): void {
    this.#sizes = sizes;
    for (const [image, surplus] of this.#surplus()) this.#idle(image).slice(0, surplus).forEach(letGo);
    for (const image of sizes.keys()) this.#fillAfter(image, 0);
  }

  take(key: ReadyKey): ReadyGuest | undefined {
    const idle = this.#idle(key.image.name);
    const current = idle.filter(({ readiable }) => isSame(readiable.key.image, key.image));
    // Of an image that has changed since: of no use to anyone.
    idle.filter((entry) => !current.includes(entry)).forEach(letGo);
    const entry = current.find(
      ({ readiable, state }) => state === 'ready' && startsAlike(readiable.key, key),
    );
    return entry && this.#giveAway(entry);
  }

  #giveAway(entry: Entry): ReadyGuest {
    const { image, place, relay, vm } = entry;
    entry.state = 'taken';
    clearTimeout(entry.deadline);
    this.#entries.delete(entry);
    this.#pauses.delete(image);
    this.#fillAfter(image, REFILL_AFTER_MS);
    const { imageBytes, spec, way } = entry.readiable;
    return {
      ...{ way, spec, imageBytes, place, vm },
      discard: () => vm.kill('SIGKILL'),
      begin: () => {
        if (way === 'stopped') vm.machine?.resume();
        else vm.channel?.send(this.#parts.startFrame);
      },
      attach: (listener) => {
        relay.attach(listener);
      },
    };
  }

  ready(): ReadonlyMap<ImageName, number> {
    const counts = new Map<ImageName, number>();
    for (const { image, state } of this.#entries)
      if (state === 'ready') counts.set(image, (counts.get(image) ?? 0) + 1);
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timers.forEach((timer) => clearTimeout(timer));
    await this.#filling;
    const left = [...this.#entries];
    left.forEach(letGo);
    await Promise.all(left.map(({ vm }) => vm.exited));
  }

  #idle(image: ImageName): readonly Entry[] {
    return [...this.#entries].filter((entry) => entry.image === image && isIdle(entry));
  }

  #surplus(): readonly (readonly [ImageName, number])[] {
    const images = new Set([...this.#entries].map(({ image }) => image));
    return [...images].map((image) => [image, this.#idle(image).length - (this.#sizes.get(image) ?? 0)]);
  }

  #fillAfter(image: ImageName, ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(image));
    // One image after the other, so that starting many takes no more of the processor than starting one.
    const fill = (): void => void (this.#filling = this.#filling.then(() => this.#fill(image)));
    this.#timers.set(image, setTimeout(fill, ms));
  }

  async #fill(image: ImageName): Promise<void> {
    await this.#letGoOld(image);
    const missing = (this.#sizes.get(image) ?? 0) - this.#idle(image).length;
    for (let added = 0; added < missing; added += 1) {
      if (this.#closed || !(await this.#add(image))) return;
    }
    if (this.#sizes.has(image)) this.#fillAfter(image, LOOK_AGAIN_MS);
  }

  /** Guests of an image that is another by now, or none. */
  async #letGoOld(image: ImageName): Promise<void> {
    if (this.#idle(image).length === 0) return;
    const current = await this.#parts.current(image);
    // One of them may have been taken meanwhile.
    this.#idle(image)
      .filter(({ readiable }) => !current || !isSame(readiable.key.image, current))
      .forEach(letGo);
  }

  /** False where no more of this image can be started now. */
  async #add(image: ImageName): Promise<boolean> {
    try {
      const slot = this.#parts.newSlot();
      const readiable = await this.#parts.prepare(image, slot);
      if (!readiable || this.#closed || !this.#fits(readiable)) return false;
      const { memoryMib } = readiable.spec;
      const made: { entry?: Entry } = {};
      const residentMib = (): number => made.entry?.residentMib ?? 0;
      const place = this.#parts.reserve({ image, memoryMib, residentMib }, () => giveBack(made.entry));
      if (!place) {
        this.#fillAfter(image, NO_ROOM_PAUSE_MS);
        return false;
      }
      made.entry = this.#start(image, readiable, slot, place);
      return true;
    } catch (error) {
      this.#parts.logger.warn({ image }, `is not kept ready: ${reasonOf(error)}`);
      this.#fillLater(image);
      return false;
    }
  }

  #fits({ spec }: Readiable): boolean {
    const used = [...this.#entries]
      .filter(isIdle)
      .reduce((sum, { readiable }) => sum + readiable.spec.memoryMib, 0);
    return used + spec.memoryMib <= this.#parts.budgetMib;
  }

  #becomeReady(entry: Entry): void {
    entry.state = 'ready';
    const { processId } = entry.vm;
    const now = processId === undefined ? undefined : measureAll(processId);
    entry.residentMib = (now?.pssBytes ?? 0) / 2 ** 20;
    if (entry.readiable.way === 'booted') entry.vm.channel?.send(this.#parts.practiceFrame);
  }

  #start(image: ImageName, readiable: Readiable, slot: RunId, place: Disposable): Entry {
    // A stopped guest is ready when its monitor answers, a booted one when it has said hello.
    const sign = readiable.way === 'stopped' ? 'greeting' : 'channel';
    const relay = createRelay((what) => {
      const heard = typeof what === 'string' ? what : what.kind;
      if (heard === sign && entry.state === 'starting') this.#becomeReady(entry);
      if (heard === 'shutdown' || heard === 'paused' || heard === 'flooded') dismiss(entry);
    });
    const vm = this.#parts.startVm(readiable.spec, relay, slot, readiable.way === 'stopped');
    const deadline = setTimeout(() => {
      if (entry.state === 'starting') dismiss(entry);
    }, readiable.readyWithinMs);
    const entry: Entry = { image, readiable, vm, relay, place, residentMib: 0, state: 'starting', deadline };
    this.#entries.add(entry);
    void vm.exited.then(({ stderr }) => this.#onGone(entry, stderr));
    return entry;
  }

  #onGone(entry: Entry, stderr: string): void {
    clearTimeout(entry.deadline);
    entry.place[Symbol.dispose]();
    if (!this.#entries.delete(entry) || this.#closed) return;
    const { image } = entry;
    if (this.#idle(image).length >= (this.#sizes.get(image) ?? 0)) return;
    if (entry.state === 'leaving') return this.#fillAfter(image, REFILL_AFTER_MS);
    this.#parts.logger.warn({ image, stderr }, 'a guest that was kept ready ended before it had a run');
    this.#fillLater(image);
  }

  #fillLater(image: ImageName): void {
    const pause = Math.min(LONGEST_PAUSE_MS, (this.#pauses.get(image) ?? REFILL_AFTER_MS) * 2);
    this.#pauses.set(image, pause);
    this.#fillAfter(image, pause);
  }
}

function isIdle({ state }: Entry): boolean {
  return state === 'starting' || state === 'ready';
}

/** False where it is promised to a run. */
function giveBack(entry: Entry | undefined): boolean {
  if (!entry || entry.state === 'taken') return false;
  letGo(entry);
  return true;
}

function letGo(entry: Entry): void {
  entry.state = 'leaving';
  entry.vm.kill('SIGKILL');
}

function dismiss(entry: Entry): void {
  entry.state = 'failed';
  entry.vm.kill('SIGKILL');
}
