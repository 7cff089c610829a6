import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openConsoles } from '../../src/console/index.js';
import { Confinement, boardMeans } from '../../src/confinement/index.js';
import {
  endsRun,
  isEnded,
  parseGatewayId,
  type Architecture,
  type Observation,
  type RunId,
  type RunJournal,
  type WarmStart,
} from '../../src/domain/index.js';
import type { RunNews, RunRecord } from '../../src/domain/index.js';
import { sensorFeed } from '../../src/gateway/feed.js';
import { serveGuest } from '../../src/guestnet/index.js';
import { openCatalogue, vmSpec, warmStart } from '../../src/images/index.js';
import {
  WAIT_ARGS,
  createGuestDecoder,
  createLineDecoder,
  encodePractice,
  encodeStart,
  encodeStop,
} from '../../src/metrics/index.js';
import {
  BUILT_IMAGES,
  MULTIBOOT_LOADER,
  boardMemory,
  hostArchitecture,
  newRunId,
  systemClock,
} from '../../src/platform/index.js';
import { createRunner, runHelper, type Runner } from '../../src/runner/index.js';
import { createAdmission } from '../../src/scheduler/index.js';
import { createSensorHub } from '../../src/sensors/index.js';
import { SILENT } from '../support/loggers.js';

export class Journal implements RunJournal {
  readonly records = new Map<RunId, RunRecord>();

  put(run: RunRecord): Promise<void> {
    this.records.set(run.id, run);
    return Promise.resolve();
  }

  get(id: RunId): Promise<RunRecord | undefined> {
    return Promise.resolve(this.records.get(id));
  }

  going(): Promise<readonly RunRecord[]> {
    return Promise.resolve([...this.records.values()].filter((run) => !isEnded(run)));
  }

  list(limit: number): Promise<readonly RunRecord[]> {
    return Promise.resolve([...this.records.values()].reverse().slice(0, limit));
  }
}

export interface Workshop {
  readonly runner: Runner;
  readonly journal: Journal;
  readonly observations: Observation[];
  readonly logDirectory: string;
  readonly confinement: Confinement;
}

export interface WorkshopOptions {
  readonly folder: string;
  readonly images?: string;
  readonly architecture?: Architecture;
  /** Where a fake QEMU lies. */
  readonly qemuDirectory?: string;
  /** Where fake tenders lie. */
  readonly solo5Directory?: string;
  readonly maxRuns?: number;
  readonly memoryMib?: number;
  readonly warmMemoryMib?: number;
  /** Absent: as the image's family says. */
  readonly warmWay?: WarmStart;
  readonly accelerator?: 'tcg' | 'kvm';
  /** As whom guests run; absent: each has a user of its own, where that is possible. */
  readonly user?: string;
}

const GATEWAY = parseGatewayId('00000000000000cc');

/** A runner over real QEMU, the real images, this machine's sensors and a journal in memory. */
export function workshop({
  folder,
  images,
  architecture,
  qemuDirectory,
  solo5Directory,
  maxRuns,
  memoryMib,
  warmMemoryMib,
  warmWay,
  accelerator,
  user,
}: WorkshopOptions): Workshop {
  const observations: Observation[] = [];
  const journal = new Journal();
  const host = {
    architecture: architecture ?? hostArchitecture(),
    accelerator: accelerator ?? 'tcg',
    ...{ qemuDirectory, solo5Directory, multibootLoader: MULTIBOOT_LOADER },
    runDirectory: (id: RunId) => join(folder, 'runs', id),
  } as const;
  const limits = { runBytes: 256 * 1024, totalBytes: 64 * 1024 * 1024 };
  const consoles = openConsoles(join(folder, 'logs'), limits, SILENT);
  const hub = createSensorHub({ clock: systemClock, logger: SILENT });
  const searchPath = process.env['PATH'] ?? '';
  const confinement = new Confinement({
    ...boardMeans(user ?? 'each', false),
    ...{ folders: join(folder, 'runs'), searchPath, run: runHelper, clock: systemClock, logger: SILENT },
  });
  const runner = createRunner({
    ...{
      journal,
      clock: systemClock,
      logger: SILENT,
      console: (id: RunId) => consoles.open(id),
      admission: createAdmission({
        limits: { runs: maxRuns ?? 4, vcpus: 64, ...(memoryMib === undefined ? {} : { memoryMib }) },
        ...{ memory: boardMemory, residentMib: () => 0, clock: systemClock },
      }),
    },
    ...{
      catalogue: openCatalogue(images ?? BUILT_IMAGES),
      architecture: host.architecture,
      gatewayId: GATEWAY,
      stopFrame: encodeStop(),
      ...{ searchPath, confinement },
      network: (cable, lines) => serveGuest(cable, { clock: systemClock, lines }),
    },
    spec: (image, args, id) => vmSpec(image, args, id, host),
    decoder: (image) => createGuestDecoder({ image: image.name }),
    lines: (image) => createLineDecoder({ image: image.name }),
    warm: {
      ...{ way: (image) => warmWay ?? warmStart(image), waitArgs: WAIT_ARGS },
      ...{ practiceFrame: encodePractice(), startFrame: encodeStart() },
      ...{ newSlot: newRunId, budgetMib: warmMemoryMib ?? 64 },
    },
    feed: (image, send) => sensorFeed(hub, image, send),
    record: (observation) => observations.push(observation),
  });
  return { runner, journal, observations, confinement, logDirectory: join(folder, 'logs') };
}

/** Starts an image and resolves with its last record. */
export async function runToEnd(runner: Runner, image: string, args = ''): Promise<RunRecord> {
  return until(runner, image, args, (news, id) => endsRun(news, id));
}

export async function until(
  runner: Runner,
  image: string,
  args: string,
  enough: (news: RunNews, id: RunId) => boolean,
): Promise<RunRecord> {
  const news = runner.events.subscribe();
  const id = newRunId();
  await runner.start({ id, image, args });
  for await (const item of news) {
    if (item.kind !== 'console' && item.run.id === id && enough(item, id)) return item.run;
  }
  throw new Error('the runner ended first');
}

/** The real image under another folder, with some of its manifest's keys changed. */
export function changedImage(
  images: string,
  name: string,
  changes: Readonly<Record<string, string | number>>,
): void {
  cpSync(join(BUILT_IMAGES, name), join(images, name), { recursive: true });
  const path = join(images, name, 'image.yaml');
  const lines = readFileSync(path, 'utf8').split('\n');
  const kept = lines.filter((line) => !Object.keys(changes).some((key) => line.startsWith(`${key}:`)));
  writeFileSync(
    path,
    [...kept, ...Object.entries(changes).map(([key, value]) => `${key}: ${value}`)].join('\n'),
  );
}

export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    // ESRCH is the answer.
    return false;
  }
}

/** For what another process does in its own time; fails after ten seconds. */
export async function eventually(claim: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (holds()) return;
    await delay(20);
  }
  throw new Error(`not within ten seconds: ${claim}`);
}
