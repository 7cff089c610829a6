import type { AccessControl } from './access.js';
import type { HistoryReader } from './history.js';
import type { GatewayId, RunId } from './ids.js';
import type { LossRecord, Recording } from './loss.js';
import type { Sample } from './observation.js';
import type { NearbyStatus } from './nearby.js';
import type { LatestSample, StoreCounts } from './ports.js';
import type { RadioStatus } from './radio.js';
import { isEnded, type RunCause, type RunRecord } from './run.js';
import type { Safeguard } from './safeguard.js';
import type { Schedule, ScheduleChange, ScheduleStatus } from './schedule.js';
import type { StoreTools } from './store-statistics.js';

/** What happens to runs, as it happens. */
export type RunNews =
  | { readonly kind: 'changed'; readonly run: RunRecord }
  | {
      readonly kind: 'report';
      readonly run: RunRecord;
      readonly windowEndUs: number;
      readonly samples: readonly Sample[];
    }
  /** What it costs, as series like any other: once a second, and its pages less often. */
  | { readonly kind: 'cost'; readonly run: RunRecord; readonly samples: readonly Sample[] }
  | { readonly kind: 'console'; readonly id: RunId; readonly text: string };

/** The last thing that can be said of a run. */
export function endsRun(news: RunNews, id: RunId): boolean {
  return news.kind === 'changed' && news.run.id === id && isEnded(news.run);
}

export interface RunRequest {
  /** Made by whoever asks, so that a request repeated after a lost answer starts nothing twice. */
  readonly id: RunId;
  readonly image: string;
  /** Of the image that is being added under this name, and not of the one that it is to replace. */
  readonly pending?: true;
  /** Added behind the manifest's own arguments. */
  readonly args?: string;
  /** Higher first where runs have to wait, from `LOWEST_PRIORITY` to `HIGHEST_PRIORITY`; 0 where it is not said. */
  readonly priority?: number;
  /** At most this long, beside what the image itself allows. */
  readonly timeLimitMs?: number;
  /** Absent: on demand. */
  readonly cause?: RunCause;
}

export const LOWEST_PRIORITY = -9;
export const HIGHEST_PRIORITY = 9;

export interface SyncSummary {
  /** One line that a person understands. */
  readonly text: string;
  /** The last attempt failed, and the next one is not due yet. */
  readonly waiting: boolean;
  readonly batchesAcknowledged: number;
  readonly samplesAcknowledged: number;
}

export interface PhonesSummary {
  /** That talk to the control service now, with a session or about to open one. */
  readonly connected: number;
  /** How often one was refused since the start, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface LossSummary {
  readonly records: number;
  /** As `describeLoss` says it; absent where nothing was lost. */
  readonly latest?: string;
}

/** A record of what was lost, and what it says. */
export interface ToldLoss extends LossRecord {
  readonly text: string;
}

export interface GatewayStatus {
  readonly gatewayId: GatewayId;
  readonly name: string;
  readonly version: string;
  readonly epoch: number;
  readonly processId: number;
  readonly uptimeSeconds: number;
  /** Of the gateway's own process. */
  readonly rssBytes: number;
  readonly activeRuns: number;
  /** Of these, those that wait for a place. */
  readonly queuedRuns: number;
  /** What is not started again until a person says so (`perigee schedule clear NAME`). */
  readonly crashLoops: readonly string[];
  readonly startedRuns: number;
  /** Guests that are kept ready for a run, by image. */
  readonly readyGuests: Readonly<Record<string, number>>;
  readonly store: StoreCounts;
  /** Observations that could not be stored since the start. */
  readonly lostObservations: number;
  /** How much of what is measured is kept at present, and what that means. */
  readonly recording: { readonly kind: Recording['kind']; readonly text: string };
  /** What was lost that is kept on record, also before this start. */
  readonly losses: LossSummary;
  /** The data directory was removed under the running gateway: nothing is kept any more. */
  readonly dataDirectoryGone: boolean;
  /** What keeps the guests in, and what of it this board cannot do. */
  readonly safeguards: readonly Safeguard[];
  readonly radio: RadioStatus;
  readonly phones: PhonesSummary;
  readonly sync: SyncSummary;
  /** The beacons of the configuration; absent where it names none. */
  readonly nearby?: NearbyStatus;
  /** The local page; absent where it is switched off. */
  readonly webUrl?: string;
}

export interface ImageSummary {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly flavour: string;
  readonly architectures: readonly string[];
  readonly memoryMib: number;
}

export interface ImageList {
  readonly images: readonly ImageSummary[];
  /** Folders that hold no usable image, and why: a sentence. */
  readonly problems: readonly string[];
}

/** What a gateway can be asked and told: in process, over its Unix socket, and read-only over HTTP. */
export interface GatewayControl extends HistoryReader {
  readonly store: StoreTools;
  readonly access: AccessControl;
  status(): Promise<GatewayStatus>;
  images(): Promise<ImageList>;
  /** Those that go on, all of them, then others; each newest first. At most `limit` others. */
  runs(limit: number): Promise<readonly RunRecord[]>;
  latest(): Promise<readonly LatestSample[]>;
  /** What was lost, the newest first. */
  losses(): Promise<readonly ToldLoss[]>;
  /** The run's console so far. @throws PerigeeError `run-unknown`. */
  consoleLog(id: RunId): Promise<string>;
  /**
   * Starts the run and tells all that happens to it, from its acceptance to its end. Leaving the iteration leaves the run alone.
   * @throws PerigeeError `image-*`, `run-refused`, at the first step.
   */
  run(request: RunRequest): AsyncIterable<RunNews>;
  /** All that happens to all runs from now on. */
  news(): AsyncIterable<RunNews>;
  /** Resolves when nothing is left of the guest. @throws PerigeeError `run-unknown`. */
  stop(id: RunId): Promise<RunRecord>;
  /** Images that are kept running, then schedules. */
  schedules(): Promise<readonly ScheduleStatus[]>;
  /** @throws PerigeeError `schedule-invalid`, `image-*`. */
  addSchedule(schedule: Schedule): Promise<ScheduleStatus>;
  /** What it is afterwards; of one that is removed, what it was. @throws PerigeeError `schedule-unknown`. */
  changeSchedule(name: string, change: ScheduleChange): Promise<ScheduleStatus>;
}
