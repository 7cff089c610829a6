import { createConsoleReader } from '../console/index.js';
import { BEFORE_EVERYTHING, PerigeeError, describeLoss } from '../domain/index.js';
import type {
  AccessControl,
  Clock,
  GatewayControl,
  GatewayStatus,
  Image,
  ImageSummary,
  RadioStatus,
} from '../domain/index.js';
import type {
  LossReader,
  LossRecord,
  LossSummary,
  NearbyStatus,
  PhonesSummary,
  RunId,
  Store,
  SyncSummary,
  ToldLoss,
} from '../domain/index.js';
import type { Catalogue } from '../images/index.js';
import { packageVersion } from '../platform/index.js';
import type { Confinement } from '../confinement/index.js';
import type { Runner } from '../runner/index.js';
import type { Scheduler } from '../scheduler/index.js';
import type { Recorder, ToolableStore } from '../store/index.js';
import type { SyncStatus } from '../sync/index.js';
import { follow } from './follow.js';
import { recordingStatus } from './recording.js';

export interface ControlParts {
  readonly name: string;
  readonly store: ToolableStore;
  readonly access: AccessControl;
  readonly recorder: Recorder;
  readonly catalogue: Catalogue;
  readonly runner: Runner;
  readonly confinement: Pick<Confinement, 'safeguards'>;
  readonly scheduler: Scheduler;
  readonly radio: { readonly status: RadioStatus };
  readonly uploader: { status(): SyncStatus };
  readonly clock: Clock;
  readonly logDirectory: string;
  readonly phones: () => PhonesSummary;
  readonly nearby: () => NearbyStatus | undefined;
  readonly webUrl: () => string | undefined;
  readonly dataDirectoryGone: () => boolean;
}

/** What the gateway can be asked and told, over the parts that know. */
export function createControl(parts: ControlParts): GatewayControl {
  const { access, catalogue, logDirectory, runner, scheduler, store } = parts;
  const startedUs = parts.clock.monotonicUs();
  return {
    access,
    status: () => Promise.resolve(statusOf(parts, startedUs)),
    async images() {
      const { images, problems } = await catalogue.list();
      return {
        images: images.map(summaryOf),
        problems: problems.map(({ error }) => `${error.message}. ${error.cure}`),
      };
    },
    async runs(limit) {
      // What goes on comes first, and as it is now, however many runs came after it.
      const active = runner.active.toReversed();
      const ids = new Set(active.map(({ id }) => id));
      return [...active, ...(await store.list(limit)).filter(({ id }) => !ids.has(id))];
    },
    latest: () => Promise.resolve(store.latest()),
    history: (request) => store.history(request),
    losses: () => Promise.resolve(lossesOf(store)),
    store: store.tools,
    consoleLog: (id) => readLog(store, logDirectory, id),
    run: (request) => follow(runner, request),
    news: () => runner.events.subscribe(),
    stop: (id) => runner.stop(id),
    schedules: () => Promise.resolve(scheduler.list()),
    async addSchedule(schedule) {
      await catalogue.get(schedule.image);
      return scheduler.add(schedule);
    },
    changeSchedule: (name, change) => scheduler.change(name, change),
  };
}

function statusOf(parts: ControlParts, startedUs: number): GatewayStatus {
  const { clock, recorder, runner, store, uploader } = parts;
  const [nearby, webUrl] = [parts.nearby(), parts.webUrl()];
  return {
    gatewayId: store.gatewayId,
    name: parts.name,
    version: packageVersion(),
    epoch: store.epoch,
    processId: process.pid,
    uptimeSeconds: (clock.monotonicUs() - startedUs) / 1e6,
    rssBytes: process.memoryUsage.rss(),
    activeRuns: runner.active.length,
    queuedRuns: runner.active.filter(({ state }) => state.kind === 'queued').length,
    crashLoops: parts.scheduler
      .list()
      .filter(({ state }) => state.kind === 'crash-loop')
      .map(({ name }) => name),
    startedRuns: runner.started,
    readyGuests: Object.fromEntries(runner.pool.ready()),
    store: store.counts(),
    ...recordingStatus(store, recorder),
    losses: summaryOfLosses(store.losses(BEFORE_EVERYTHING)),
    dataDirectoryGone: parts.dataDirectoryGone(),
    safeguards: parts.confinement.safeguards(),
    radio: parts.radio.status,
    phones: parts.phones(),
    sync: summaryOfSync(uploader.status()),
    ...(nearby === undefined ? {} : { nearby }),
    ...(webUrl === undefined ? {} : { webUrl }),
  };
}

function lossesOf(store: LossReader): readonly ToldLoss[] {
  const records = store.losses(BEFORE_EVERYTHING).toReversed();
  return records.map((record) => ({ ...record, text: describeLoss(record) }));
}

/** In the order in which they changed. */
function summaryOfLosses(records: readonly LossRecord[]): LossSummary {
  const latest = records.at(-1);
  return { records: records.length, ...(latest && { latest: describeLoss(latest) }) };
}

function summaryOfSync({ state, batchesAcknowledged, samplesAcknowledged }: SyncStatus): SyncSummary {
  return {
    text: describeSync(state),
    waiting: state.kind === 'waiting',
    batchesAcknowledged,
    samplesAcknowledged,
  };
}

function describeSync(state: SyncStatus['state']): string {
  switch (state.kind) {
    case 'disabled':
      return 'no backend is configured';
    case 'idle':
      return 'the backend holds everything';
    case 'sending':
      return 'sending';
    case 'waiting':
      return `waits, and tries again: ${state.reason}`;
  }
}

function summaryOf(image: Image): ImageSummary {
  const { name, version, description, flavour, boot, memoryMib } = image;
  return { name, version, description, flavour, memoryMib, architectures: Object.keys(boot) };
}

async function readLog(store: Store, logDirectory: string, id: RunId): Promise<string> {
  if (!(await store.get(id))) {
    throw new PerigeeError(
      'run-unknown',
      `there is no run ${id}`,
      'See `perigee ps --all` for the runs there are.',
    );
  }
  return createConsoleReader(logDirectory, id).more();
}
