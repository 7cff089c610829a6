import type { Config } from '../config/index.js';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { Clock, Logger } from '../domain/index.js';
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
  /** Listens, and tries again for as long as it cannot. */
  start(): void;
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
  let listening: Disposable | undefined;
  let trying: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let complaint = '';
  const complain = (error: unknown): void => {
    const reason = reasonOf(error);
    const cure = error instanceof PerigeeError ? error.cure : undefined;
    // Once, and not at every try.
    if (reason !== complaint) logger.warn({ cure }, `no beacon is heard: ${reason}`);
    complaint = reason;
  };
  const listen = async (): Promise<void> => {
    try {
      listening = await listenForBthome({
        ...{ on: whereToListen(config, airSocket), keys, logger },
        heard: (address, data) => beacons?.hear(address, data, clock.monotonicUs()),
        lost: (error) => {
          complain(error);
          listening?.[Symbol.dispose]();
          listening = undefined;
        },
      });
      complaint = '';
      logger.info({ beacons: places.length }, 'listening for beacons');
    } catch (error) {
      complain(error);
    }
  };
  const look = (): void => {
    if (listening === undefined) trying ??= listen().finally(() => (trying = undefined));
  };
  return {
    beacons,
    start() {
      if (beacons === undefined || config.radio.mode === 'off') return;
      look();
      timer = setInterval(look, RETRY_MS);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await trying;
      listening?.[Symbol.dispose]();
    },
  };
}

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
