import { PerigeeError, type Architecture, type Image } from '../domain/index.js';

/** An image and a board that do not fit each other. `why`: one line. */
export function refused(image: Image, architecture: Architecture, why: string): PerigeeError {
  const message = `image ${image.name} cannot run on ${architecture}: ${why}`;
  const cure = `Use a board or an image that fit each other; docs/unikernels.md says what each family runs on.`;
  return new PerigeeError('run-refused', message, cure);
}
