import { reasonOf, type Logger, type Observation, type ObservationWriter } from '../domain/index.js';

/** Some seconds of a busy gateway; a card that stalls for longer costs observations, and says so. */
const MAX_WAITING = 1024;

/** The way into the store: callbacks enqueue, one loop appends in order. */
export interface Recorder extends AsyncDisposable {
  record(observation: Observation): void;
  /** Observations that were not stored: the queue was full, or the store refused them. */
  readonly lost: number;
}

/** Disposing it stores what waits. */
export function createRecorder(writer: ObservationWriter, logger: Logger): Recorder {
  const waiting: Observation[] = [];
  let lost = 0;
  let loop: Promise<void> | undefined;

  const lose = (reason: string): void => {
    lost += 1;
    logger.error({ lost }, `an observation was not stored: ${reason}`);
  };
  const drain = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await writer.append(next).catch((error: unknown) => lose(reasonOf(error)));
    }
    loop = undefined;
  };
  return {
    record(observation) {
      if (waiting.length === MAX_WAITING) {
        lose(`${MAX_WAITING} wait already`);
        return;
      }
      waiting.push(observation);
      loop ??= drain();
    },
    get lost() {
      return lost;
    },
    async [Symbol.asyncDispose]() {
      await loop;
    },
  };
}
