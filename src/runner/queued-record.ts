import type { Architecture, Clock, Image, RunRecord, RunRequest, VmSpec } from '../domain/index.js';

/** A run as it is journaled before its process exists. */
export function queuedRecord(
  { id, cause, timeLimitMs }: RunRequest,
  image: Image,
  imageBytes: number,
  spec: VmSpec,
  clock: Clock,
): RunRecord {
  return {
    id,
    image: image.name,
    imageVersion: image.version,
    imageSha256: digestOf(image, spec.architecture),
    imageBytes,
    architecture: spec.architecture,
    accelerator: spec.accelerator,
    commandLine: [],
    ...(image.afterRestart === 'adopt' ? { adoptable: true as const } : {}),
    requestedAtMs: clock.wallMs(),
    ...(cause === undefined ? {} : { cause }),
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    state: { kind: 'queued' },
    boot: {},
    faults: { badFrames: 0, droppedValues: 0 },
  };
}

/** Of the kernel, or of the disk where that is all there is. */
export function digestOf(image: Image, architecture: Architecture): string {
  const boot = image.boot[architecture];
  return boot?.kernel?.sha256 ?? boot?.disk?.sha256 ?? '';
}
