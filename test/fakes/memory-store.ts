/* eslint-disable @typescript-eslint/require-await -- what other stores wait for rejects here too, and never throws */
import {
  AUDIT_ENTRIES_MAX,
  BEFORE_EVERYTHING,
  assert,
  comparePositions,
  isEnded,
  mergePoints,
  parseGatewayId,
  seriesKey,
} from '../../src/domain/index.js';
import type {
  GatewayId,
  HistoryPoint,
  HistoryRequest,
  LatestSample,
  Observation,
  Position,
  RunId,
  RunRecord,
} from '../../src/domain/index.js';
import type {
  Loss,
  LossRecord,
  Recording,
  AccessStore,
  AuditEntry,
  RunChange,
  ScheduleRecord,
  ScheduleStore,
  Store,
  StoreCounts,
  StoredObservation,
  Technician,
} from '../../src/domain/index.js';
import { assertCursorName, assertPosition } from '../../src/store/format/keys.js';
import { Ledger, refused } from '../../src/store/series/ledger.js';
import { LossList } from '../../src/store/records/loss-list.js';

/** Some tens of megabytes. */
const MEMORY_OBSERVATIONS_MAX = 100_000;

interface MemoryStoreOptions {
  readonly gatewayId?: GatewayId;
  readonly epoch?: number;
}

/** A store that ends with its process: what the port's contract says, without a disk. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly gatewayId: GatewayId;
  readonly epoch: number;
  readonly #ledger: Ledger;
  readonly #losses: LossList;
  readonly #observations: StoredObservation[] = [];
  /** In the order of their first puts. */
  readonly #runs = new Map<RunId, RunChange>();
  #changes = 0;
  readonly #cursors = new Map<string, Position>();
  readonly #schedules = new Map<string, ScheduleRecord>();
  readonly schedules: ScheduleStore = {
    list: async () =>
      [...this.#schedules].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record),
    put: async (record) => void this.#schedules.set(record.schedule.name, record),
    remove: async (name) => void this.#schedules.delete(name),
  };
  readonly #technicians = new Map<string, Technician>();
  readonly #audit: AuditEntry[] = [];
  readonly access: AccessStore = {
    technicians: async () =>
      [...this.#technicians].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, technician]) => technician),
    putTechnician: async (technician) => void this.#technicians.set(technician.key, technician),
    removeTechnician: async (key) => void this.#technicians.delete(key),
    audit: async (limit) => this.#audit.toReversed().slice(0, limit),
    appendAudit: async (record) => {
      this.#audit.push({ ...record, sequence: (this.#audit.at(-1)?.sequence ?? 0) + 1 });
      if (this.#audit.length > AUDIT_ENTRIES_MAX) this.#audit.shift();
    },
  };
  #closed = false;

  constructor({ gatewayId = parseGatewayId('0'.repeat(16)), epoch = 1 }: MemoryStoreOptions) {
    this.gatewayId = gatewayId;
    this.epoch = epoch;
    this.#ledger = new Ledger(epoch, { samples: 0, observations: 0 });
    this.#losses = new LossList(epoch, []);
  }

  async append(observation: Observation): Promise<Position> {
    assert(!this.#closed, 'nothing is appended to a closed store');
    if (this.#observations.length === MEMORY_OBSERVATIONS_MAX) throw refused('the store in memory is full');
    const entry = this.#ledger.plan(observation);
    this.#observations.push({ ...entry.observation, position: entry.position });
    this.#ledger.commit(entry);
    return entry.position;
  }

  async *read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    const start = this.#observations.findIndex(({ position }) => comparePositions(position, after) > 0);
    if (start !== -1) yield* this.#observations.slice(start, start + limit);
  }

  /** By the wall clock as it was believed. */
  async *history({
    series,
    fromMs,
    toMs,
    resolution,
  }: HistoryRequest): AsyncIterable<readonly HistoryPoint[]> {
    const bucketMs = { raw: 1, minutes: 60_000, hours: 3_600_000 }[resolution];
    const points = this.#observations.flatMap(({ samples, wallMs: at }) =>
      samples
        .filter((sample) => seriesKey(sample.series) === series)
        .map(({ value }) => {
          const wallMs = Math.floor(at / bucketMs) * bucketMs;
          return { wallMs, count: 1, sum: value, least: value, most: value, last: value };
        }),
    );
    const merged = new Map<number, HistoryPoint>();
    for (const point of points) {
      const known = merged.get(point.wallMs);
      merged.set(point.wallMs, known === undefined ? point : mergePoints(known, point));
    }
    yield [...merged.values()].filter(({ wallMs }) => wallMs >= fromMs && wallMs < toMs);
  }

  latest(): readonly LatestSample[] {
    return this.#ledger.latest();
  }

  counts(): StoreCounts {
    return this.#ledger.counts();
  }

  async put(run: RunRecord): Promise<void> {
    this.#changes += 1;
    this.#runs.set(run.id, { run, position: { epoch: this.epoch, sequence: this.#changes } });
  }

  async get(id: RunId): Promise<RunRecord | undefined> {
    return this.#runs.get(id)?.run;
  }

  async list(limit: number): Promise<readonly RunRecord[]> {
    return this.#all().reverse().slice(0, limit);
  }

  async going(): Promise<readonly RunRecord[]> {
    return this.#all().filter((run) => !isEnded(run));
  }

  async changedRuns(after: Position, limit: number): Promise<readonly RunChange[]> {
    return [...this.#runs.values()]
      .filter(({ position }) => comparePositions(position, after) > 0)
      .sort((a, b) => comparePositions(a.position, b.position))
      .slice(0, limit);
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

  losses(after: Position): readonly LossRecord[] {
    return this.#losses.changedBehind(after);
  }

  recording(): Recording {
    return { kind: 'whole' };
  }

  noteLoss(loss: Loss): void {
    this.#losses.note(loss);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #all(): RunRecord[] {
    return Array.from(this.#runs.values(), ({ run }) => run);
  }
}
