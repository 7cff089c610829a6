import type { ImageName } from './ids.js';
import type { RestartPolicy } from './schedule.js';

export const ARCHITECTURES = ['x86_64', 'arm64', 'armv7'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export const FLAVOURS = [
  'perigee',
  'unikraft',
  'osv',
  'mirage',
  'includeos',
  'nanos',
  'hermit',
  'rumprun',
  'linux',
  'raw',
] as const;
/** A unikernel family: how it boots, prints and ends is data in src/images/flavours.ts. */
export type Flavour = (typeof FLAVOURS)[number];

/** What the host can sense, and may grant to a guest. */
export const SENSORS = [
  'memory_total',
  'memory_available',
  'cpu_busy',
  'load_1m',
  'cpu_temperature',
] as const;
export type SensorName = (typeof SENSORS)[number];

/** What a beacon measures: the name that the configuration gives it, and a quantity of BTHome. */
export type BeaconSensor = `beacon/${string}`;
export type GrantedSensor = SensorName | BeaconSensor;

export function isBeaconSensor(sensor: GrantedSensor): sensor is BeaconSensor {
  return sensor.startsWith('beacon/');
}

/** Its parts; a manifest is checked for having them. */
export function beaconSensorOf(sensor: BeaconSensor): { readonly name: string; readonly quantity: string } {
  const [, name = '', quantity = ''] = sensor.split('/');
  return { name, quantity };
}

/** How a guest is kept ready for a run: before its first instruction, or booted and idle. */
export type WarmStart = 'stopped' | 'booted';

export interface ImageFile {
  /** Absolute path. */
  readonly path: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface DiskFile extends ImageFile {
  readonly format: 'raw' | 'qcow2';
}

/** What a Solo5 image says of itself in the notes of its ELF file: whose guest it is, and the devices that it needs. */
export interface Solo5Note {
  /** Absent for one that is unknown here. `virtio` is QEMU; hvt and spt have a tender of their own. */
  readonly target?: 'hvt' | 'spt' | 'virtio' | 'muen' | 'genode' | 'xen';
  readonly devices: readonly { readonly kind: 'net' | 'block'; readonly name: string }[];
}

/** What a board of one architecture boots the image from. */
export interface BootSet {
  readonly kernel?: ImageFile;
  /** Of a kernel that is a Solo5 image. */
  readonly solo5?: Solo5Note;
  readonly initrd?: ImageFile;
  readonly disk?: DiskFile;
}

/** A kernel's command line is one page on some guests; ours takes 256 characters with what QEMU appends. */
const ARGS_MAX_CHARACTERS = 160;
/** Some sentences for people. */
export const DESCRIPTION_MAX_CHARACTERS = 500;
/** No line that is looked for on a console is longer. */
export const READY_TEXT_MAX_CHARACTERS = 100;
/** A week: what is not ready by then is not waited for. */
export const READY_WITHIN_MAX_MS = 7 * 86_400_000;

/** What is wrong with a guest's command line, to go on with its name; undefined for nothing. */
export function complaintOfArgs(args: string): string | undefined {
  if (/\p{Cc}/u.test(args)) return 'must be one line with no control characters';
  if (args.length <= ARGS_MAX_CHARACTERS) return undefined;
  return `must have at most ${ARGS_MAX_CHARACTERS} characters, and have ${args.length}`;
}

/** A manifest, parsed: what an image is, what it needs, and what it may have. */
export interface Image {
  readonly name: ImageName;
  readonly version: string;
  readonly description: string;
  readonly flavour: Flavour;
  readonly boot: Readonly<Partial<Record<Architecture, BootSet>>>;
  /** How the guest reports: frames over its virtio-serial port, or lines on its console. */
  readonly metrics: 'frames' | 'lines';
  /** It has a network interface, at whose other end there is nothing but the gateway, which takes lines. */
  readonly network?: 'metrics';
  /** Text on the console that says that the guest is ready; absent: the first metric says so. */
  readonly readyText?: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly args: string;
  /** TAP interfaces of the board, by the names of a Solo5 image's network devices. */
  readonly taps: Readonly<Record<string, string>>;
  readonly sensors: readonly GrantedSensor[];
  /** How often the gateway reads the granted sensors for this guest. */
  readonly sensorRateHz: number;
  /** How often the guest is asked to report. */
  readonly windowMs: number;
  /** Not ready within this time after the start: the run ends as never-ready. */
  readonly readyWithinMs: number;
  /** How its guests are kept ready, where that is not as its family allows best. */
  readonly keptReady?: WarmStart;
  /** What a gateway that was killed does with a guest that still runs when it starts again. */
  readonly afterRestart: 'end' | 'adopt';
  /** Whether it is started again where it is kept running; absent: always. */
  readonly restart?: RestartPolicy;
  /** Runs at once; absent for as many as the board has room for. */
  readonly maxConcurrent?: number;
  /** The run is stopped after this time; absent for one that runs until it is stopped. */
  readonly timeLimitMs?: number;
}
