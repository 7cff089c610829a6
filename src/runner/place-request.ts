import type { AdmissionRequest, Image, RunRequest } from '../domain/index.js';

type Limited = Pick<RunRequest, 'timeLimitMs'>;

/** What a run of the image asks of the board. */
export function placeRequest(
  request: Limited & Pick<RunRequest, 'id' | 'priority'>,
  image: Image,
): AdmissionRequest {
  const { maxConcurrent, memoryMib, name, vcpus } = image;
  const timeLimitMs = timeLimitMsOf(request, image);
  return {
    ...{ id: request.id, image: name, memoryMib, vcpus, priority: request.priority ?? 0 },
    ...(maxConcurrent === undefined ? {} : { maxConcurrent }),
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
  };
}

/** A request may ask for less than its image allows, and not for more. */
export function timeLimitMsOf(request: Limited, image: Image): number | undefined {
  const limitMs = Math.min(request.timeLimitMs ?? Infinity, image.timeLimitMs ?? Infinity);
  return limitMs === Infinity ? undefined : limitMs;
}
