import type { AdmissionRequest, Image, RunRequest } from '../domain/index.js';

/** What a run of the image asks of the board. */
export function placeRequest(
  { id, priority = 0 }: Pick<RunRequest, 'id' | 'priority'>,
  { maxConcurrent, memoryMib, name, timeLimitMs, vcpus }: Image,
): AdmissionRequest {
  return {
    ...{ id, image: name, memoryMib, vcpus, priority },
    ...(maxConcurrent === undefined ? {} : { maxConcurrent }),
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
  };
}
