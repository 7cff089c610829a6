import { PerigeeError, type AdmissionRequest, type ImageName } from '../domain/index.js';

/**
 * What a monitor needs beside its guest's memory, MiB. Measured with QEMU 7.2: 15 private under x86_64, 26 under arm64,
 * each with 7 as its share of the program; the rest of what `ps` shows is program that the kernel can drop again.
 */
export const MONITOR_MIB = 32;

/** Of the board's memory, kept free for the system and for the gateway itself: a tenth, and at least so much. */
const RESERVE_SHARE = 0.1;
const LEAST_RESERVE_MIB = 64;

export interface Limits {
  readonly runs: number;
  readonly vcpus: number;
  /** Of guests and their monitors; absent for what the board has. */
  readonly memoryMib?: number;
}

export interface BoardMemory {
  readonly totalMib: number;
  /** What can be had without swapping. */
  readonly availableMib: number;
}

/** Memory that was given away. */
export interface Held {
  readonly costMib: number;
  /** Of its cost, what was seen to be in use: the board counts that as used already. */
  readonly residentMib: number;
}

/** A guest that has its place. */
export interface Guest extends Held {
  readonly image: ImageName;
  readonly vcpus: number;
  /** When its time limit ends it, by the monotonic clock; absent where it has none. */
  readonly endsByMs?: number;
}

export interface Board {
  readonly limits: Limits;
  /** Looked at only for who needs some: that takes the system longer than all the rest. */
  readonly memory: BoardMemory;
  readonly running: readonly Guest[];
  /** Guests that are kept ready, or are promised to runs that wait. */
  readonly ready: readonly Held[];
}

/** What stands in the way of a run. */
export type Obstacle =
  | { readonly kind: 'image'; readonly image: ImageName; readonly limit: number }
  | { readonly kind: 'runs'; readonly limit: number }
  | { readonly kind: 'vcpus'; readonly needed: number; readonly free: number; readonly limit: number }
  | { readonly kind: 'memory'; readonly neededMib: number; readonly freeMib: number };

type Demand = Pick<AdmissionRequest, 'image' | 'memoryMib' | 'vcpus' | 'maxConcurrent'>;

export function costMibOf(memoryMib: number): number {
  return memoryMib + MONITOR_MIB;
}

export function reserveMibOf({ totalMib }: BoardMemory): number {
  return Math.max(LEAST_RESERVE_MIB, Math.ceil(totalMib * RESERVE_SHARE));
}

/** MiB that may still be given away; below 0 where the board has less than was promised. */
export function freeMibOf({ limits, memory, ready, running }: Board): number {
  const sum = (of: (held: Held) => number): number =>
    [...running, ...ready].reduce((all, held) => all + of(held), 0);
  // A guest that has not touched all of its memory yet may do so at any time.
  const unclaimed = sum(({ costMib, residentMib }) => Math.max(0, costMib - residentMib));
  const ofBoard = memory.availableMib - reserveMibOf(memory) - unclaimed;
  const ofLimit = (limits.memoryMib ?? Infinity) - sum(({ costMib }) => costMib);
  return Math.floor(Math.min(ofBoard, ofLimit));
}

/** Undefined for a run that may start. `served`: by a guest that is kept ready, and has its memory already. */
export function obstacleTo(demand: Demand, board: Board, served = false): Obstacle | undefined {
  const { image, maxConcurrent: ofImage, memoryMib, vcpus } = demand;
  const { limits, running } = board;
  if (ofImage !== undefined && running.filter((guest) => guest.image === image).length >= ofImage)
    return { kind: 'image', image, limit: ofImage };
  if (running.length >= limits.runs) return { kind: 'runs', limit: limits.runs };
  const free = limits.vcpus - running.reduce((sum, guest) => sum + guest.vcpus, 0);
  if (vcpus > free) return { kind: 'vcpus', needed: vcpus, free: Math.max(0, free), limit: limits.vcpus };
  if (served) return undefined;
  const neededMib = costMibOf(memoryMib);
  const freeMib = freeMibOf(board);
  if (neededMib > freeMib) return { kind: 'memory', neededMib, freeMib: Math.max(0, freeMib) };
  return undefined;
}

/** How long until enough guests have been ended by their time limits; undefined where that is not said. */
export function waitMsOf(demand: Demand, board: Board, nowMs: number): number | undefined {
  let { running, memory } = board;
  const limited = running
    .filter((guest) => guest.endsByMs !== undefined)
    .toSorted((a, b) => (a.endsByMs ?? 0) - (b.endsByMs ?? 0));
  for (const next of limited) {
    running = running.filter((guest) => guest !== next);
    memory = { ...memory, availableMib: memory.availableMib + next.residentMib };
    if (!obstacleTo(demand, { ...board, running, memory })) return Math.max(0, (next.endsByMs ?? 0) - nowMs);
  }
  return undefined;
}

/** For a run that no board like this can ever start. `served`: as above. */
export function refusalOf(
  demand: Demand,
  board: Pick<Board, 'limits' | 'memory'>,
  served = false,
): PerigeeError | undefined {
  const { image, vcpus } = demand;
  const { limits } = board;
  if (vcpus > limits.vcpus)
    return refused(
      `${image} needs ${vcpus} virtual processors, and guests have ${limits.vcpus} in all`,
      'Raise runner.vcpus, or lower vcpus in its manifest.',
    );
  return served ? undefined : memoryRefusalOf(demand, board);
}

function memoryRefusalOf(
  { image, memoryMib }: Demand,
  { limits, memory }: Pick<Board, 'limits' | 'memory'>,
): PerigeeError | undefined {
  const needed = `${image} needs ${costMibOf(memoryMib)} MiB (${memoryMib} of its own and ${MONITOR_MIB} for its monitor)`;
  if (costMibOf(memoryMib) > (limits.memoryMib ?? Infinity))
    return refused(
      `${needed}, and guests have ${limits.memoryMib ?? 0} MiB in all`,
      'Raise runner.memoryMib, or lower memoryMib in its manifest.',
    );
  const reserve = reserveMibOf(memory);
  if (costMibOf(memoryMib) > memory.totalMib - reserve)
    return refused(
      `${needed}, and this board has ${memory.totalMib} MiB, of which ${reserve} are kept free`,
      'Lower memoryMib in its manifest, or use a board with more memory.',
    );
  return undefined;
}

function refused(message: string, cure: string): PerigeeError {
  return new PerigeeError('run-refused', message, cure);
}
