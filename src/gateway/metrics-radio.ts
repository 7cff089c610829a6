import { BTHOME_OBJECT } from '@perigee/gatt';
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
  buildAdvertisement,
  buildServices,
  createRadio,
  keepOnAir,
  metricAddress,
  TIME_ADDRESS,
} from '../radio/index.js';
import { boardTime } from './board-time.js';
import { liveValues } from './live-values.js';
import type { RecordingStatus } from './recording.js';

/** Phones show values that change once a second: guests report no faster. */
const REFRESH_MS = 1000;
/** Passive listeners such as Home Assistant want a new packet every few seconds; each costs an HCI command or two. */
const ADVERTISE_MS = 5000;

const INFO_PROTOCOL = 1;
/** The one featured unit that BTHome has a place for in our packet. */
const ADVERTISED_UNIT = 'celsius';
const TEMPERATURE = 0x02;

interface MetricsRadioParts {
  readonly config: Config;
  readonly store: Pick<Store, 'gatewayId' | 'epoch' | 'latest' | 'counts'>;
  readonly runner: { readonly active: readonly Pick<RunRecord, 'id'>[] };
  readonly recording: () => RecordingStatus;
  readonly airSocket: string;
  /** Of the gateway; phones that know it look for it. */
  readonly publicKey: Uint8Array;
  /** What is served beside the metrics. */
  readonly more: () => readonly GattService[];
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
  const { featured, hciDevice, link, mode } = config.radio;
  const radio = createRadio({
    ...{ mode, driver: config.radio.driver, logger, name: config.name, airSocket: parts.airSocket },
    ...(hciDevice === undefined ? {} : { hciDevice }),
    ...(link === undefined ? {} : { link }),
  });
  const timers: NodeJS.Timeout[] = [];
  const startedUs = parts.clock.monotonicUs();
  const time = boardTime(parts.clock);
  let values: ReadonlyMap<string, number> = new Map();
  const services = buildServices({
    featured: featured.map(({ series, label, unit }) => ({ label, unit, read: () => values.get(series) })),
    identity: {
      manufacturer: 'Perigee',
      model: 'Gateway',
      firmware: packageVersion(),
      serial: store.gatewayId,
    },
    info: () => gatewayInfo(parts, startedUs),
    time: () => time.now(),
  });
  let packetId = 0;
  const advertisement = (): ReturnType<typeof buildAdvertisement> => {
    const temperature = featured.find(({ unit, series }) => unit === ADVERTISED_UNIT && values.has(series));
    return buildAdvertisement(config.name, [
      { id: BTHOME_OBJECT.packetId, value: packetId++ },
      { id: BTHOME_OBJECT.problem, value: isProblem(parts.recording()) },
      { id: BTHOME_OBJECT.running, value: parts.runner.active.length > 0 },
      { id: BTHOME_OBJECT.runs, value: parts.runner.active.length },
      ...(temperature === undefined ? [] : [{ id: TEMPERATURE, value: values.get(temperature.series) ?? 0 }]),
    ]);
  };
  const refresh = (): void => {
    const before = values;
    values = liveValues(store.latest(), parts.runner.active);
    featured.forEach(({ series }, index) => {
      if (values.get(series) !== before.get(series)) radio.notify(...metricAddress(index));
    });
    if (time.wasSet()) radio.notify(...TIME_ADDRESS);
  };
  const serve = (): Promise<void> => radio.start([...services, ...parts.more()], advertisement());
  let keeper: Disposable | undefined;
  return {
    get status() {
      const { driver, faults, maxCentrals, state } = radio;
      return { driver, faults, maxCentrals, state };
    },
    start() {
      if (mode === 'off') return;
      refresh();
      keeper = keepOnAir({ radio, start: serve, logger });
      timers.push(setInterval(refresh, REFRESH_MS));
      timers.push(
        setInterval(
          () => radio.state.kind === 'advertising' && radio.advertise(advertisement()),
          ADVERTISE_MS,
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      timers.forEach((timer) => clearInterval(timer));
      keeper?.[Symbol.dispose]();
      await radio[Symbol.asyncDispose]();
    },
  };
}

/** Whether the gateway needs somebody's attention; passive listeners show it. */
function isProblem({ lostObservations, recording }: RecordingStatus): boolean {
  return lostObservations > 0 || recording.kind !== 'whole';
}

function gatewayInfo(parts: MetricsRadioParts, startedUs: number): Uint8Array {
  const { clock, publicKey, runner, store } = parts;
  const { lostObservations, recording } = parts.recording();
  return perigee.v1.GatewayInfo.encode({
    protocol: INFO_PROTOCOL,
    gatewayId: store.gatewayId,
    version: packageVersion(),
    epoch: store.epoch,
    uptimeSeconds: Math.floor((clock.monotonicUs() - startedUs) / 1e6),
    runsActive: runner.active.length,
    samplesStored: store.counts().samples,
    publicKey,
    ...{ recording: recording.kind, recordingText: recording.text, lostObservations },
  }).finish();
}
