import type { Config } from '../config/index.js';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { Clock, ListenerState, Logger, NearbyStatus } from '../domain/index.js';
import { listenForBthome } from '../nearby/index.js';
import { Beacons } from '../sensors/index.js';

/** An adapter that is plugged in, or a virtual radio that has begun, is found within this time. */
const RETRY_MS = 5_000;

interface BeaconParts {
  readonly config: Config;
  readonly airSocket: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface HeardBeacons extends AsyncDisposable {
  /** Undefined where the configuration names none. */
  readonly beacons: Beacons | undefined;
  /** Undefined where the configuration names none. */
  status(): NearbyStatus | undefined;
  /** Listens, and tries again for as long as it cannot. A virtual radio is waited for. */
  start(): void;
  /** Tries at once: the virtual radio is there now. */
  onAir(): void;
}

/** What beacons nearby say, as a source of sensors. */
export function hearBeacons({ airSocket, clock, config, logger }: BeaconParts): HeardBeacons {
  const { beacons: places } = config.sensors;
  const beacons = places.length === 0 ? undefined : new Beacons(places);
  const keys = new Map(
    places.flatMap(({ address, key }) =>
      key === undefined ? [] : [[address.toLowerCase(), new Uint8Array(Buffer.from(key, 'hex'))] as const],
    ),
  );
  let state: ListenerState = { kind: 'starting' };
  let listening: Disposable | undefined;
  let trying: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const endListening = (): void => {
    // Forgotten first: whoever ends it writes to an adapter that may be gone, and hears of that at once.
    const ended = listening;
    listening = undefined;
    ended?.[Symbol.dispose]();
  };
  const fail = (error: unknown): void => {
    endListening();
    const reason = reasonOf(error);
    const cure = error instanceof PerigeeError ? error.cure : 'It is tried again every few seconds.';
    // Once, and not at every try.
    if (state.kind !== 'unavailable' || state.reason !== reason)
      logger.warn({ cure }, `no beacon is heard: ${reason}`);
    state = { kind: 'unavailable', reason, cure };
  };
  const listen = async (): Promise<void> => {
    let gone: Error | undefined;
    try {
      listening = await listenForBthome({
        ...{ on: whereToListen(config, airSocket), keys, logger },
        heard: (address, data) => beacons?.hear(address, data, clock.monotonicUs()),
        lost: (error) => {
          gone = error;
          // One that is lost before it listens is told of below.
          if (listening !== undefined) fail(error);
        },
      });
      if (gone !== undefined) {
        fail(gone);
        return;
      }
      state = { kind: 'listening' };
      logger.info({ beacons: places.length }, 'listening for beacons');
    } catch (error) {
      fail(error);
    }
  };
  const look = (): void => {
    if (timer !== undefined && listening === undefined)
      trying ??= listen().finally(() => (trying = undefined));
  };
  return {
    beacons,
    status: () => beacons && { listener: state, beacons: beacons.status(clock.monotonicUs()) },
    start() {
      if (beacons === undefined) return;
      if (config.radio.mode === 'off') {
        fail(RADIO_IS_OFF);
        return;
      }
      timer = setInterval(look, RETRY_MS);
      if (config.radio.mode !== 'virtual') look();
    },
    onAir() {
      if (config.radio.mode === 'virtual') look();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      timer = undefined;
      await trying;
      endListening();
    },
  };
}

const RADIO_IS_OFF = new PerigeeError(
  'radio-unavailable',
  'the radio is off',
  'Set radio.mode to auto, or take the beacons out of sensors.beacons.',
);

function whereToListen({ radio }: Config, airSocket: string): { airSocket: string } | { hciDevice: number } {
  if (radio.mode === 'virtual') return { airSocket };
  const { scanDevice } = radio;
  if (scanDevice !== undefined && scanDevice !== (radio.hciDevice ?? 0)) return { hciDevice: scanDevice };
  throw new PerigeeError(
    'radio-unavailable',
    'one adapter cannot advertise and listen: the driver has it for itself',
    'Plug in a second one, and say which is to listen (radio.scanDevice: N of hciN).',
  );
}
