/* eslint-disable @typescript-eslint/require-await -- what other stores wait for rejects here too, and never throws */
import { BEFORE_EVERYTHING, assert, comparePositions, parseGatewayId } from '../domain/index.js';
import type { GatewayId, LatestSample, Observation, Position, RunId, RunRecord } from '../domain/index.js';
import type { Store, StoreCounts, StoredObservation } from '../domain/index.js';
import { assertCursorName, assertPosition } from './keys.js';
import { Ledger, refused } from './ledger.js';

/** Some tens of megabytes: this store is for tests and for runs that leave nothing behind. */
export const MEMORY_OBSERVATIONS_MAX = 100_000;

export interface MemoryStoreOptions {
  readonly gatewayId?: GatewayId;
  readonly epoch?: number;
}

/** A store that ends with its process. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly gatewayId: GatewayId;
  readonly epoch: number;
  readonly #ledger: Ledger;
  readonly #observations: StoredObservation[] = [];
  readonly #runs = new Map<RunId, RunRecord>();
  readonly #cursors = new Map<string, Position>();
  #closed = false;

  constructor({ gatewayId = parseGatewayId('0'.repeat(16)), epoch = 1 }: MemoryStoreOptions) {
    this.gatewayId = gatewayId;
    this.epoch = epoch;
    this.#ledger = new Ledger(epoch, { samples: 0, observations: 0 });
  }

  async append(observation: Observation): Promise<Position> {
    assert(!this.#closed, 'nothing is appended to a closed store');
    if (this.#observations.length === MEMORY_OBSERVATIONS_MAX) throw refused('the store in memory is full');
    const entry = this.#ledger.plan(observation);
    this.#observations.push({ ...observation, position: entry.position });
    this.#ledger.commit(entry);
    return entry.position;
  }

  async *read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    const start = this.#observations.findIndex(({ position }) => comparePositions(position, after) > 0);
    if (start !== -1) yield* this.#observations.slice(start, start + limit);
  }

  latest(): readonly LatestSample[] {
    return this.#ledger.latest();
  }

  counts(): StoreCounts {
    return this.#ledger.counts();
  }

  async put(run: RunRecord): Promise<void> {
    this.#runs.set(run.id, run);
  }

  async get(id: RunId): Promise<RunRecord | undefined> {
    return this.#runs.get(id);
  }

  async list(limit: number): Promise<readonly RunRecord[]> {
    return [...this.#runs.values()].sort(byNewest).slice(0, limit);
  }

  async cursor(name: string): Promise<Position> {
    assertCursorName(name);
    return this.#cursors.get(name) ?? BEFORE_EVERYTHING;
  }

  async setCursor(name: string, position: Position): Promise<void> {
    assertCursorName(name);
    assertPosition(position);
    this.#cursors.set(name, position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }
}

/** Of runs that were asked for in one millisecond, the one with the greater id first. */
function byNewest(a: RunRecord, b: RunRecord): number {
  return b.requestedAtMs - a.requestedAtMs || (b.id > a.id ? 1 : -1);
}
