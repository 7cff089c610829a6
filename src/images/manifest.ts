import { join } from 'node:path';
import * as v from 'valibot';
import {
  ARCHITECTURES,
  FLAVOURS,
  PerigeeError,
  SENSORS,
  parseImageName,
  type Image,
} from '../domain/index.js';
import { parseYaml, wholeNumber } from '../yaml/index.js';

const milliseconds = wholeNumber(1, 7 * 86_400_000);

const kernelFile = v.strictObject({
  /** A name in the manifest's own folder: a manifest reaches no other file of the machine. */
  file: v.pipe(v.string(), v.regex(/^[\w][\w.-]{0,63}$/, 'expected a file name with no folder')),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits')),
});

/** The kernel's command line is one page on some guests; ours takes 256 characters with what QEMU appends. */
const MAX_ARGS = 160;

const manifestSchema = v.strictObject({
  name: v.string(),
  version: v.pipe(v.string(), v.maxLength(32)),
  description: v.optional(v.pipe(v.string(), v.maxLength(500)), ''),
  flavour: v.picklist(FLAVOURS),
  memoryMib: wholeNumber(1, 65_536),
  vcpus: v.optional(wholeNumber(1, 8), 1),
  args: v.optional(v.pipe(v.string(), v.maxLength(MAX_ARGS)), ''),
  sensors: v.optional(v.array(v.picklist(SENSORS)), []),
  sensorRateHz: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(100)), 10),
  windowMs: v.optional(wholeNumber(100, 3_600_000), 1000),
  readyWithinMs: v.optional(milliseconds, 30_000),
  timeLimitMs: v.optional(milliseconds),
  kernels: v.strictObject(
    v.entriesFromList(ARCHITECTURES, v.optional(kernelFile)),
    'expected a map by architecture',
  ),
});

/** @throws PerigeeError `image-invalid`, naming the manifest, the key and the line. */
export function parseManifest(text: string, folder: string): Image {
  const parsed = parseYaml(manifestSchema, text);
  const path = join(folder, 'image.yaml');
  if (!parsed.ok) {
    const complaints = parsed.complaints.map(({ key, line, text: why }) => `${key} (line ${line}): ${why}`);
    throw invalid(`${path} is not valid: ${complaints.join('; ')}`);
  }
  const { kernels, timeLimitMs, ...rest } = parsed.value;
  return {
    ...rest,
    name: parseImageName(rest.name),
    kernels: Object.fromEntries(
      ARCHITECTURES.flatMap((architecture) => {
        const kernel = kernels[architecture];
        return kernel ? [[architecture, { path: join(folder, kernel.file), sha256: kernel.sha256 }]] : [];
      }),
    ),
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
  };
}

function invalid(message: string): PerigeeError {
  return new PerigeeError('image-invalid', message, 'Correct the manifest; docs/images.md lists every key.');
}
