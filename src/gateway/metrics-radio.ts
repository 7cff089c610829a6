import { perigee } from '@perigee/proto';
import type { Config } from '../config/index.js';
import {
  type Clock,
  type GattService,
  type Logger,
  type RadioStatus,
  type RunRecord,
  type Store,
} from '../domain/index.js';
import { packageVersion } from '../platform/index.js';
import {
  addressesOf,
  buildServices,
  createRadio,
  keepOnAir,
  LIVE_ADDRESS,
  TIME_ADDRESS,
} from '../radio/index.js';
import { Advertising } from './advertising.js';
import { boardTime } from './board-time.js';
import { liveValues } from './live-values.js';
import { publicCatalogue } from './public-catalogue.js';
import type { RecordingStatus } from './recording.js';

/** Phones show values that change once a second: guests report no faster. */
const REFRESH_MS = 1000;
/** Passive listeners such as Home Assistant want a new packet every few seconds; each costs an HCI command or two. */
const ADVERTISE_MS = 5000;

const INFO_PROTOCOL = 1;
interface MetricsRadioParts {
  readonly config: Config;
  readonly store: Pick<Store, 'gatewayId' | 'epoch' | 'latest' | 'counts'> & {
    readonly restoredEpoch: number;
  };
  readonly runner: { readonly active: readonly Pick<RunRecord, 'id'>[] };
  readonly recording: () => RecordingStatus;
  readonly airSocket: string;
  /** Of the gateway; phones that know it look for it. */
  readonly publicKey: Uint8Array;
  /** What is served beside the metrics. */
  readonly more: () => readonly GattService[];
  /** It advertises, for the first time or again. */
  readonly onAir?: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface MetricsRadio extends AsyncDisposable {
  readonly status: RadioStatus;
  /** Keeps the featured metrics on the air, and tries again for as long as there is no adapter. */
  start(): void;
}

export function openMetricsRadio(parts: MetricsRadioParts): MetricsRadio {
  const { config, logger, store } = parts;
  const { hciDevice, link, mode } = config.radio;
  const radio = createRadio({
    ...{ mode, driver: config.radio.driver, logger, name: config.name, airSocket: parts.airSocket },
    ...(hciDevice === undefined ? {} : { hciDevice }),
    ...(link === undefined ? {} : { link }),
  });
  const timers: NodeJS.Timeout[] = [];
  const startedUs = parts.clock.monotonicUs();
  const time = boardTime(parts.clock);
  let values: ReadonlyMap<string, number> = new Map();
  const metrics = config.radio.featured.map((metric) => ({
    ...metric,
    read: () => values.get(metric.series),
  }));
  const featured = config.radio.public ? metrics : [];
  let sequence = 0;
  const services = buildServices({
    featured,
    identity: {
      manufacturer: 'Perigee',
      model: 'Gateway',
      firmware: packageVersion(),
      serial: store.gatewayId,
    },
    info: () => gatewayInfo(parts, startedUs),
    stream: {
      now: () => ({ sequence, unixSeconds: time.unixSeconds() }),
      catalogue: publicCatalogue(config.radio.featured),
    },
    time: () => time.now(),
  });
  const advertising = new Advertising({ ...parts, restoredEpoch: store.restoredEpoch }, metrics, () => ({
    problem: isProblem(parts.recording()),
    runs: parts.runner.active.length,
  }));
  const advertise = (): void => {
    if (radio.state.kind === 'advertising') radio.advertise(advertising.next(radio.address));
  };
  const refresh = (): void => {
    const before = values;
    values = liveValues(store.latest(), parts.runner.active);
    const changed = featured.map(({ series }) => values.get(series) !== before.get(series));
    changed.forEach((isNew, index) => {
      if (isNew) for (const address of addressesOf(featured, index)) radio.notify(...address);
    });
    if (changed.includes(true)) {
      sequence += 1;
      radio.notify(...LIVE_ADDRESS);
    }
    if (time.wasSet()) radio.notify(...TIME_ADDRESS);
  };
  const serve = async (): Promise<void> => {
    await radio.start([...services, ...parts.more()], advertising.next(radio.address));
    parts.onAir?.();
    if (await advertising.ready(radio.address)) advertise();
  };
  let keeper: Disposable | undefined;
  return {
    get status() {
      const { address, driver, faults, maxCentrals, state } = radio;
      return { address, driver, faults, maxCentrals, state };
    },
    start() {
      if (mode === 'off') return;
      refresh();
      keeper = keepOnAir({ radio, start: serve, logger });
      timers.push(setInterval(refresh, REFRESH_MS));
      timers.push(setInterval(advertise, ADVERTISE_MS));
    },
    async [Symbol.asyncDispose]() {
      timers.forEach((timer) => clearInterval(timer));
      keeper?.[Symbol.dispose]();
      await radio[Symbol.asyncDispose]();
      await advertising[Symbol.asyncDispose]();
    },
  };
}

/** Whether the gateway needs somebody's attention; passive listeners show it. */
function isProblem({ lostObservations, recording }: RecordingStatus): boolean {
  return lostObservations > 0 || recording.kind !== 'whole';
}

/** What it does is for everyone only where its metrics are. */
function gatewayInfo(parts: MetricsRadioParts, startedUs: number): Uint8Array {
  const { clock, config, publicKey, runner, store } = parts;
  const { lostObservations, recording } = parts.recording();
  const doing = {
    epoch: store.epoch,
    uptimeSeconds: Math.floor((clock.monotonicUs() - startedUs) / 1e6),
    runsActive: runner.active.length,
    samplesStored: store.counts().samples,
    ...{ recording: recording.kind, recordingText: recording.text, lostObservations },
  };
  return perigee.v1.GatewayInfo.encode({
    ...{ protocol: INFO_PROTOCOL, gatewayId: store.gatewayId, version: packageVersion(), publicKey },
    ...(config.radio.public ? doing : {}),
  }).finish();
}
