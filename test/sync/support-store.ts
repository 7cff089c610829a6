import {
  BEFORE_EVERYTHING,
  comparePositions,
  parseGatewayId,
  parseImageName,
  parseRunId,
} from '../../src/domain/index.js';
import type {
  Clock,
  CursorKeeper,
  ObservationReader,
  Position,
  RunChange,
  RunChangeReader,
  RunRecord,
  Sample,
  StoredObservation,
} from '../../src/domain/index.js';

export const GATEWAY = parseGatewayId('0123456789abcdef');

/** What the uploader needs of a store, in memory, with every position that a test wants. */
export class MemoryStore implements Pick<ObservationReader, 'read'>, CursorKeeper, RunChangeReader {
  readonly observations: StoredObservation[] = [];
  readonly cursors = new Map<string, Position>();
  readonly runs = new Map<string, RunChange>();
  #changes = 0;

  add(epoch: number, first: number, last = first): this {
    for (let sequence = first; sequence <= last; sequence++)
      this.observations.push(stored({ epoch, sequence }));
    return this;
  }

  async *read(after: Position, limit: number): AsyncIterable<StoredObservation> {
    const behind = this.observations.filter(({ position }) => comparePositions(position, after) > 0);
    for (const observation of behind.slice(0, limit)) yield await Promise.resolve(observation);
  }

  cursor(name: string): Promise<Position> {
    return Promise.resolve(this.cursors.get(name) ?? BEFORE_EVERYTHING);
  }

  setCursor(name: string, position: Position): Promise<void> {
    this.cursors.set(name, position);
    return Promise.resolve();
  }

  put(run: RunRecord): void {
    this.#changes += 1;
    this.runs.delete(run.id);
    this.runs.set(run.id, { run, position: { epoch: 1, sequence: this.#changes } });
  }

  changedRuns(after: Position, limit: number): Promise<readonly RunChange[]> {
    const behind = [...this.runs.values()].filter(({ position }) => comparePositions(position, after) > 0);
    return Promise.resolve(behind.slice(0, limit));
  }
}

export function sample(name: string, value: number): Sample {
  return { series: { name, labels: { image: 'hostsense' }, unit: 'celsius' }, value };
}

/** Its value tells epochs and sequences apart. */
export function stored(
  position: Position,
  samples: readonly Sample[] = [sample('temperature', position.epoch * 1e6 + position.sequence)],
): StoredObservation {
  const wallMs = 1_700_000_000_000 + position.epoch * 1e9 + position.sequence;
  return { position, monotonicUs: position.sequence * 1000, wallMs, samples };
}

export function runRecord(number: number, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: parseRunId(number.toString(16).padStart(16, '0')),
    image: parseImageName('hello'),
    imageVersion: '1.0.0',
    imageSha256: 'ab'.repeat(32),
    imageBytes: 20_000,
    architecture: 'x86_64',
    accelerator: 'tcg',
    commandLine: ['qemu-system-x86_64', '-M', 'microvm'],
    requestedAtMs: 1_700_000_000_000 + number,
    state: { kind: 'reporting' },
    boot: { spawnedMs: 2.5 },
    faults: { badFrames: 0, droppedValues: 0 },
    ...changes,
  };
}

export const CLOCK: Clock = {
  monotonicUs: () => Math.round(performance.now() * 1000),
  wallMs: () => Date.now(),
};
