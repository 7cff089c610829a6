import { parseImageName, parseRunId } from '../../src/domain/index.js';
import type { Clock, Observation, RunRecord, Sample, Series, Unit } from '../../src/domain/index.js';

export const CLOCK: Clock = {
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
  wallMs: () => Date.now(),
};

export function series(name: string, labels: Series['labels'] = {}, unit: Unit = 'bytes'): Series {
  return { name, labels, unit };
}

/** One observation; its times follow from `at`. */
export function observation(at: number, samples: readonly Sample[]): Observation {
  return { monotonicUs: at * 1000, wallMs: 1_700_000_000_000 + at, samples };
}

/** An observation of one sample a name. */
export function values(at: number, named: Readonly<Record<string, number>>): Observation {
  return observation(
    at,
    Object.entries(named).map(([name, value]) => ({ series: series(name), value })),
  );
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** A record with every field that a run can have. */
export function run(id: string, requestedAtMs: number, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: parseRunId(id.padStart(16, '0')),
    image: parseImageName('hostsense'),
    imageVersion: '0.1.0',
    imageSha256: 'ab'.repeat(32),
    imageBytes: 20_480,
    architecture: 'x86_64',
    accelerator: 'tcg',
    monitorVersion: '7.2.0',
    commandLine: ['qemu-system-x86_64', '-M', 'microvm', '-append', 'name="ü"'],
    requestedAtMs,
    cause: { kind: 'schedule', name: 'dawn', restart: 2 },
    timeLimitMs: 60_000,
    processId: 4711,
    state: { kind: 'reporting' },
    boot: { spawnedMs: 1.5, firstMetricMs: 80.25 },
    footprint: {
      peakRssBytes: 1,
      peakPssBytes: 2,
      peakPrivateBytes: 1,
      cpuUserSeconds: 0.5,
      cpuSystemSeconds: 0.25,
    },
    faults: { badFrames: 1, droppedValues: 2 },
    ...changes,
  };
}
