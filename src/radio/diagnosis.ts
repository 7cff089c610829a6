import { reasonOf } from '../domain/index.js';

/** A radio switch of the kernel (rfkill): an adapter's own, or one of the board that takes adapters away. */
export interface RadioSwitch {
  readonly name: string;
  /** Blocked by software, which software can undo. */
  readonly soft: boolean;
  /** Blocked by a switch or by the firmware, which software cannot undo. */
  readonly hard: boolean;
}

export interface Process {
  readonly name: string;
  readonly processId: number;
}

/** What of the board decides whether a radio works. */
export interface Surroundings {
  readonly switches: readonly RadioSwitch[];
  /** Of the ones that a radio needs, those that this process lacks; undefined where the kernel does not say. */
  readonly missingCapabilities: readonly string[] | undefined;
  /** Other programs that use Bluetooth adapters, as far as this process may see. */
  readonly holders: readonly Process[];
}

export interface Diagnosis {
  readonly reason: string;
  readonly cure: string;
}

/** The daemon of BlueZ. */
const DAEMON = 'bluetoothd';
const GOES_ON = 'Perigee goes on by itself then.';
const OR_VIRTUAL = 'or choose the virtual radio (radio.mode: virtual)';
const LOOK = `Look at \`dmesg | grep -i bluetooth\`, ${OR_VIRTUAL}.`;

/** What the kernel says, by name: one driver gives the name, the other the number or no more than the C library's words. */
const KERNEL_ERRORS = [
  ['EPERM', 1, /operation not permitted/i],
  ['EACCES', 13, /permission denied/i],
  ['EBUSY', 16, /resource busy/i],
  ['ENODEV', 19, /no such device/i],
  ['EPIPE', 32, /broken pipe/i],
  ['EBADFD', 77, /file descriptor in bad state/i],
  ['EUSERS', 87, /too many users/i],
  ['EAFNOSUPPORT', 97, /address family not supported/i],
  ['ENETDOWN', 100, /network is down/i],
  ['ETIMEDOUT', 110, /(connection|operation) timed out/i],
  ['ERFKILL', 132, /rf-?kill/i],
] as const satisfies readonly (readonly [code: string, number: number, words: RegExp])[];

type KernelError = (typeof KERNEL_ERRORS)[number][0];

function kernelError(cause: unknown): KernelError | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code, errno } = cause as { code?: unknown; errno?: unknown };
  return KERNEL_ERRORS.find(
    ([name, number, words]) =>
      code === name || Math.abs(Number(errno)) === number || words.test(cause.message),
  )?.[0];
}

/** Why this adapter does not work, in one line, and what helps, in another. */
export function diagnose(cause: unknown, device: number, surroundings: Surroundings): Diagnosis {
  const blocked = describeBlock(device, surroundings.switches);
  if (blocked !== undefined) return blocked;
  switch (kernelError(cause)) {
    case 'EPERM':
    case 'EACCES':
      return notPermitted(device, surroundings.missingCapabilities ?? []);
    case 'EBUSY':
    case 'EUSERS':
      return held(device, surroundings.holders);
    case 'ENODEV':
    case 'EPIPE':
    case 'EBADFD':
    case 'ENETDOWN':
      return gone(device);
    case 'EAFNOSUPPORT':
      return {
        reason: 'This process gets no Bluetooth sockets from the kernel',
        cure: `Load the kernel module \`bluetooth\`, allow AF_BLUETOOTH where RestrictAddressFamilies= is set, ${OR_VIRTUAL}.`,
      };
    case 'ETIMEDOUT':
      return silent(device);
    case 'ERFKILL':
      return softlyBlocked(`hci${device}`);
    case undefined:
      return { reason: `The Bluetooth adapter hci${device} fails: ${reasonOf(cause)}`, cure: LOOK };
  }
}

/** The switch that is in the way: the adapter's own, or one of the board's. Of no adapter: any. */
export function describeBlock(
  device: number | undefined,
  switches: readonly RadioSwitch[],
): Diagnosis | undefined {
  const concerns = ({ name }: RadioSwitch): boolean =>
    device === undefined || name === `hci${device}` || !/^hci\d+$/.test(name);
  const blocking = switches.filter((each) => concerns(each) && (each.soft || each.hard));
  const hard = blocking.find((each) => each.hard);
  if (hard !== undefined) {
    return {
      reason: `Bluetooth is switched off by hardware (${hard.name})`,
      cure: `Use the board's radio switch, or its firmware settings: no program can. ${GOES_ON}`,
    };
  }
  return blocking[0] === undefined ? undefined : softlyBlocked(blocking[0].name);
}

function softlyBlocked(name: string): Diagnosis {
  return {
    reason: `Bluetooth is blocked by rfkill (${name})`,
    cure: `Unblock it: \`rfkill unblock bluetooth\`. ${GOES_ON}`,
  };
}

function gone(device: number): Diagnosis {
  return {
    reason: `The Bluetooth adapter hci${device} is gone`,
    cure: `Plug it in again. ${GOES_ON}`,
  };
}

function silent(device: number): Diagnosis {
  return {
    reason: `The Bluetooth adapter hci${device} does not answer`,
    cure: `Perigee tries again. If it stays so: plug the adapter in again, or restart the board; ${LOOK.toLowerCase()}`,
  };
}

function notPermitted(device: number, missing: readonly string[]): Diagnosis {
  if (missing.length === 0) {
    return {
      reason: `The kernel does not let this process have hci${device}, although it has the capabilities`,
      cure: 'In a container: run it in the namespaces of the host, since the adapter belongs to these.',
    };
  }
  return {
    reason: `This process may not use hci${device}: it lacks ${missing.join(' and ')}`,
    cure: CAPABILITY_CURE,
  };
}

export const CAPABILITY_CURE =
  'systemd: AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN in the unit; else: `sudo setcap cap_net_raw,cap_net_admin+ep $(readlink -f $(which node))`.';

function held(device: number, holders: readonly Process[]): Diagnosis {
  const daemon = holders.find(({ name }) => name === DAEMON);
  if (daemon !== undefined) {
    return {
      reason: `hci${device} is held by ${DAEMON} (process ${daemon.processId})`,
      cure: `Stop it: \`sudo systemctl disable --now bluetooth\`. ${GOES_ON}`,
    };
  }
  const names = holders.map(({ name, processId }) => `${name} (process ${processId})`).join(', ');
  return {
    reason: `hci${device} is held by ${names === '' ? 'another program, or was left switched on by one' : names}`,
    cure: `Stop that program, or switch the adapter off: \`sudo hciconfig hci${device} down\`. ${GOES_ON}`,
  };
}
