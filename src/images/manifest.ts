import { join } from 'node:path';
import { QUANTITY_NAMES } from '@perigee/gatt';
import * as v from 'valibot';
import {
  ARCHITECTURES,
  DESCRIPTION_MAX_CHARACTERS,
  FLAVOURS,
  PerigeeError,
  READY_TEXT_MAX_CHARACTERS,
  READY_WITHIN_MAX_MS,
  RESTART_POLICIES,
  SENSORS,
  complaintOfArgs,
  parseImageName,
  type BeaconSensor,
  type BootSet,
  type Image,
} from '../domain/index.js';
import { parseYaml, wholeNumber } from '../yaml/index.js';

const milliseconds = wholeNumber(1, READY_WITHIN_MAX_MS);

/** A name in the manifest's own folder: a manifest reaches no other file of the machine. */
const fileName = v.pipe(v.string(), v.regex(/^[\w][\w.-]{0,127}$/, 'expected a file name with no folder'));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits'));
const imageFile = v.strictObject({ file: fileName, sha256: digest });
const diskFile = v.strictObject({ file: fileName, sha256: digest, format: v.picklist(['raw', 'qcow2']) });

const MAP = 'expected a map by architecture';
const imageFiles = v.strictObject(v.entriesFromList(ARCHITECTURES, v.optional(imageFile)), MAP);
const diskFiles = v.strictObject(v.entriesFromList(ARCHITECTURES, v.optional(diskFile)), MAP);

const args = v.pipe(
  v.string(),
  v.check(
    (text) => complaintOfArgs(text) === undefined,
    ({ input }) => complaintOfArgs(input) ?? '',
  ),
);

/** Of a sensor's name, and of sensors: what a guest has room for (images/lib/frames.h). */
const SENSOR_NAME_MAX_BYTES = 32;
const SENSORS_MAX = 16;

const BEACON_SENSOR = new RegExp(`^beacon/[a-z][a-z0-9]*/(${QUANTITY_NAMES.join('|')})$`);
const beaconSensor = v.pipe(
  v.string(),
  v.custom<BeaconSensor>(
    (text) => BEACON_SENSOR.test(String(text)),
    'no sensor of the host, nor beacon/NAME/QUANTITY',
  ),
  v.maxLength(SENSOR_NAME_MAX_BYTES),
);

const sensors = v.pipe(
  v.array(
    v.union([v.picklist(SENSORS), beaconSensor], `expected ${SENSORS.join(', ')} or beacon/NAME/QUANTITY`),
  ),
  v.maxLength(SENSORS_MAX),
  v.checkItems((sensor, index, all) => all.indexOf(sensor) === index, 'this sensor is granted twice'),
);

/** As Solo5's elftool takes them; and as Linux does (IFNAMSIZ, with a final zero). */
const deviceName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{1,67}$/, 'expected letters and digits'));
const tapName = v.pipe(v.string(), v.regex(/^[\w.-]{1,15}$/, 'expected the name of a network interface'));

export const manifestSchema = v.strictObject({
  name: v.string(),
  version: v.pipe(v.string(), v.maxLength(32)),
  description: v.optional(v.pipe(v.string(), v.maxLength(DESCRIPTION_MAX_CHARACTERS)), ''),
  flavour: v.picklist(FLAVOURS),
  memoryMib: wholeNumber(1, 65_536),
  vcpus: v.optional(wholeNumber(1, 8), 1),
  args: v.optional(args, ''),
  taps: v.optional(v.record(deviceName, tapName), {}),
  sensors: v.optional(sensors, []),
  sensorRateHz: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(100)), 10),
  windowMs: v.optional(wholeNumber(100, 3_600_000), 1000),
  afterRestart: v.optional(v.picklist(['end', 'adopt']), 'end'),
  /** A guest that must not have run yet waits before its first instruction. */
  keptReady: v.optional(v.picklist(['stopped', 'booted'])),
  readyWithinMs: v.optional(milliseconds, 30_000),
  timeLimitMs: v.optional(milliseconds),
  maxConcurrent: v.optional(wholeNumber(1, 64)),
  restart: v.optional(v.picklist(RESTART_POLICIES)),
  /** Frames for our own guests, lines for the others, unless it says otherwise. */
  metrics: v.optional(v.picklist(['frames', 'lines'])),
  /** The only other machine on it is the gateway, which takes lines: nothing else can be reached. */
  network: v.optional(v.picklist(['none', 'metrics']), 'none'),
  readyText: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(READY_TEXT_MAX_CHARACTERS))),
  kernels: v.optional(imageFiles, {}),
  initrds: v.optional(imageFiles, {}),
  disks: v.optional(diskFiles, {}),
});

/**
 * `pathOf` tells where a file lies that the manifest names; it lies in the manifest's own folder otherwise.
 * @throws PerigeeError `image-invalid`, naming the manifest, the key and the line.
 */
export function parseManifest(
  text: string,
  folder: string,
  pathOf: (file: NamedFile) => string = ({ file }) => join(folder, file),
): Image {
  const parsed = parseYaml(manifestSchema, text);
  const path = join(folder, 'image.yaml');
  if (!parsed.ok) {
    const complaints = parsed.complaints.map(({ key, line, text: why }) => `${key} (line ${line}): ${why}`);
    throw invalid(`${path} is not valid: ${complaints.join('; ')}`);
  }
  const {
    kernels,
    initrds,
    disks,
    timeLimitMs,
    maxConcurrent,
    restart,
    readyText,
    keptReady,
    network,
    ...rest
  } = parsed.value;
  const metrics = rest.metrics ?? (rest.flavour === 'perigee' ? 'frames' : 'lines');
  if (metrics === 'lines' && rest.sensors.length > 0) {
    throw invalid(`${path} grants sensors, but a guest that reports by lines has no channel to get them by`);
  }
  if (network === 'metrics' && rest.afterRestart === 'adopt') {
    throw invalid(
      `${path} asks for a network and for afterRestart: adopt, but a network ends with its gateway`,
    );
  }
  const boot = Object.fromEntries(
    ARCHITECTURES.flatMap((architecture) => {
      const set = bootSet(pathOf, kernels[architecture], initrds[architecture], disks[architecture]);
      return set ? [[architecture, set]] : [];
    }),
  );
  if (Object.keys(boot).length === 0) throw invalid(`${path} names neither kernels nor disks`);
  return {
    ...rest,
    metrics,
    name: parseImageName(rest.name),
    boot,
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    ...(maxConcurrent === undefined ? {} : { maxConcurrent }),
    ...(restart === undefined ? {} : { restart }),
    ...(readyText === undefined ? {} : { readyText }),
    ...(keptReady === undefined ? {} : { keptReady }),
    ...(network === 'none' ? {} : { network }),
  };
}

type NamedFile = v.InferOutput<typeof imageFile>;
type NamedDisk = v.InferOutput<typeof diskFile>;

/** Undefined for an architecture that has nothing to boot from; an initrd alone is nothing. */
function bootSet(
  pathOf: (file: NamedFile) => string,
  kernel: NamedFile | undefined,
  initrd: NamedFile | undefined,
  disk: NamedDisk | undefined,
): BootSet | undefined {
  if (!kernel && !disk) return undefined;
  const at = <F extends NamedFile>({ file, ...rest }: F) => ({ path: pathOf({ file, ...rest }), ...rest });
  return {
    ...(kernel ? { kernel: at(kernel) } : {}),
    ...(initrd ? { initrd: at(initrd) } : {}),
    ...(disk ? { disk: at(disk) } : {}),
  };
}

function invalid(message: string): PerigeeError {
  return new PerigeeError('image-invalid', message, 'Correct the manifest; docs/images.md lists every key.');
}
