import { reasonOf, type Admission, type AdmissionRequest } from '../domain/index.js';
import type { Run } from './run.js';

/**
 * Starts the run as soon as the board has a place for it, and `prepared` has come to its end. Resolves when it was started,
 * or waits for a place.
 * @throws PerigeeError `run-refused` where it could never start, and what `prepared` throws; its record then says so too.
 */
export function launch(
  run: Run,
  request: AdmissionRequest,
  admission: Admission,
  prepared: () => Promise<void>,
): Promise<void> {
  return new Promise((accepted, refused) => {
    const waits: Parameters<Admission['enter']>[2] = (why) => {
      run.waits(why);
      accepted();
    };
    const started = async (place: Disposable): Promise<void> => {
      void run.ended.then(() => place[Symbol.dispose]());
      await prepared();
      // Stopped after it was let in.
      if (!run.leaving.aborted) run.start();
      accepted();
    };
    const failed = (error: unknown): void => {
      // A run that is stopped while it waits leaves the queue by itself, and has its end.
      if (run.leaving.aborted) return accepted();
      run.refuse(reasonOf(error));
      refused(error instanceof Error ? error : new Error(reasonOf(error)));
    };
    admission.enter(request, run.leaving, waits).then(started).catch(failed);
  });
}
