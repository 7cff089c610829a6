import { createRequire } from 'node:module';
import { withoutExitHooks } from '../air/index.js';
import type { Bleno, CharacteristicOptions, HciSocket } from './bleno-types.js';
import { ATT_ERROR } from './malformed.js';
import { loadingError } from './driver-code.js';
import type { BlenoDriver } from './driver-code.js';
import { NativeSockets } from './native-sockets.js';
import { KERNEL_PATHS } from './surroundings.js';

/** What a characteristic does, with the connection's handle first, whichever package is below. */
interface CharacteristicHandlers {
  readonly read: (
    connection: number,
    offset: number,
    answer: (result: number, data?: Buffer) => void,
  ) => void;
  /** `answer` is called even where nobody waits for it. */
  readonly write: (connection: number, data: Buffer, answer: (result: number) => void) => void;
  readonly subscribe: (connection: number, push: (data: Buffer) => void) => void;
  readonly unsubscribe: (connection: number) => void;
}

type ReadArguments = readonly [number, (result: number, data?: Buffer) => void];
/** Data, offset, whether nobody waits for the answer, and the answer. */
type WriteArguments = readonly [Buffer, number, boolean, (result: number) => void];
type SubscribeArguments = readonly [number, (data: Buffer) => void];

interface Fork {
  /** Fresh on every call: a radio that was disposed of leaves nothing to the next one. */
  readonly load: (require: NodeJS.Require, device: number) => unknown;
  readonly maxCentrals: number;
  /** Whether callbacks name the connection first. */
  readonly namesConnection: boolean;
  /** Whether its native code closes the socket when it is stopped. */
  readonly closesSocket: boolean;
}

/** As many as a Pi's controller keeps up without starving one. */
const STOPROCENT_CENTRALS = 8;
/** What every connection begins with (Core specification, vol 3, part G, 5.2.1). */
const LEAST_MTU = 23;
/** Its attributes know one connection; a second one would orphan the first. */
const ABANDONWARE_CENTRALS = 1;

const FORKS: Readonly<Record<BlenoDriver, Fork>> = {
  stoprocent: {
    // The package's own door would open a second socket for an instance that nobody wants.
    load: (require, device) => {
      const withBindings = require('@stoprocent/bleno/lib/resolve-bindings') as WithBindings;
      return withBindings('hci', { deviceId: device });
    },
    maxCentrals: STOPROCENT_CENTRALS,
    namesConnection: true,
    closesSocket: true,
  },
  abandonware: {
    load: (require) => {
      forget(require, '@abandonware/bleno');
      const bleno = require('@abandonware/bleno') as unknown;
      // Its second socket tells the kernel the keys of pairings, and there are none.
      (require('@abandonware/bleno/lib/hci-socket/mgmt') as Management)._socket.stop();
      return bleno;
    },
    maxCentrals: ABANDONWARE_CENTRALS,
    namesConnection: false,
    closesSocket: false,
  },
};

interface Management {
  readonly _socket: HciSocket;
}
type WithBindings = (kind: 'hci', options: { deviceId: number }) => unknown;

/** Phones at once. */
export function maxCentralsOf(driver: BlenoDriver): number {
  return FORKS[driver].maxCentrals;
}

/** One of the bleno packages, unmodified, with the differences taken out. */
export interface LoadedBleno {
  readonly bleno: Bleno;
  /** Phones at once. */
  readonly maxCentrals: number;
  /** Opens the adapter. Throws what the kernel says. */
  initialise(): void;
  /** Gives the adapter back, whatever came before. Nothing of the instance may be used afterwards. */
  release(): void;
  /** Of an ATT packet to this connection, as far as was agreed. */
  mtu(connection: number): number;
  characteristicOptions(
    handlers: CharacteristicHandlers,
  ): Omit<CharacteristicOptions, 'uuid' | 'properties' | 'descriptors'>;
}

/** The only place that loads bleno; both packages are optional. Throws `radio-unavailable`, or what the kernel says. */
export function loadBleno(driver: BlenoDriver, device: number): LoadedBleno {
  const fork = FORKS[driver];
  const sockets = new NativeSockets(KERNEL_PATHS.proc);
  const bleno = sockets.during(() => open(driver, fork, device));
  let started = false;
  const split = (args: readonly unknown[]): readonly [number, readonly unknown[]] =>
    fork.namesConnection ? [args[0] as number, args.slice(1)] : [bleno._bindings._handle ?? 0, args];
  return {
    ...{ bleno, maxCentrals: fork.maxCentrals },
    initialise() {
      // The first listener for the state is what initialises the packages.
      sockets.during(() => withoutExitHooks(() => bleno.on('stateChange', () => undefined)));
      started = true;
    },
    release: () => release(bleno._bindings._hci._socket, { started, sockets, fork }),
    mtu(connection) {
      const { _connections: connections, _mtu: only } = bleno._bindings._gatt;
      return connections?.get(connection)?.mtu ?? only ?? LEAST_MTU;
    },
    characteristicOptions: ({ read, subscribe, unsubscribe, write }) => ({
      onReadRequest: (...args) => {
        const [connection, rest] = split(args);
        read(connection, ...(rest as ReadArguments));
      },
      onWriteRequest: (...args) => {
        const [connection, rest] = split(args);
        const [data, offset, , answer] = rest as WriteArguments;
        // What is written is a message, which has no middle to begin in.
        if (offset > 0) answer(ATT_ERROR.invalidOffset);
        else write(connection, data, answer);
      },
      onSubscribe: (...args) => {
        const [connection, rest] = split(args);
        subscribe(connection, (rest as SubscribeArguments)[1]);
      },
      onUnsubscribe: (...args) => unsubscribe(split(args)[0]),
    }),
  };
}

function open(driver: BlenoDriver, fork: Fork, device: number): Bleno {
  try {
    return fork.load(createRequire(import.meta.url), device) as Bleno;
  } catch (cause) {
    throw loadingError(driver, cause);
  }
}

/** Sockets that were stopped, for as long as the process lives; a few hundred bytes for each start of a radio. */
const STOPPED: unknown[] = [];

/**
 * Both packages leave something behind. @abandonware keeps its descriptors open, and the adapter with them, as long as
 * the process lives. @stoprocent closes its own when it is stopped, and the same number once more when the object is
 * collected: by then it may be a file of ours. What is written late would go to that file too.
 */
function release(
  socket: HciSocket,
  { fork, sockets, started }: { fork: Fork; sockets: NativeSockets; started: boolean },
): void {
  socket.removeAllListeners();
  // The kernel may still complain about a device that goes down; nobody is left to be told.
  socket.on('error', () => undefined);
  Reflect.defineProperty(socket, 'write', { value: () => undefined });
  if (started) socket.stop();
  if (!fork.closesSocket) sockets.close();
  else if (started && sockets.count > 0) STOPPED.push(socket);
}

/** The package is one instance for each load of its modules, and cannot be stopped and started. */
function forget(require: NodeJS.Require, name: string): void {
  for (const path of Object.keys(require.cache)) {
    if (path.includes(`/node_modules/${name}/`)) Reflect.deleteProperty(require.cache, path);
  }
}
