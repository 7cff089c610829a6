import { reasonOf, type Image, type Observation, type RunNews, type RunRecord } from '../domain/index.js';
import type { Clock, Logger, RunJournal, Sample, Topic } from '../domain/index.js';
import { bootSamples, endSamples } from './costs.js';
import type { RunParts } from './run-parts.js';

export interface ObserverParts {
  readonly journal: RunJournal;
  /** Begins the image's sensor feed; disposed at the end of the run. */
  readonly feed: (image: Image, send: (frame: Uint8Array) => boolean) => Disposable;
  /** Takes every observation that guests, or the cost of guests, give rise to. */
  readonly record: (observation: Observation) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where a run's news go: the journal, the store, the sensor feed, and whoever follows. */
export function observers(
  parts: ObserverParts,
  events: Topic<RunNews>,
  image: Image,
  before: RunRecord,
  send: (frame: Uint8Array) => boolean,
): Pick<RunParts, 'changed' | 'report' | 'console' | 'fellBack'> {
  let feed: Disposable | undefined;
  let state: RunRecord['state']['kind'] = 'queued';
  // The guest of another gateway has told it already.
  let toldBoot = before.boot.firstMetricMs !== undefined;
  let toldFault = before.faults.first !== undefined;
  return {
    changed(run) {
      // A run that waits is in the journal already: why it waits is news, and no reason to write.
      if (run.state.kind !== 'queued') journal(parts, run);
      // A record also changes within a state, when its guest becomes ready.
      const entered = run.state.kind === state ? undefined : run.state.kind;
      state = run.state.kind;
      // Also of a guest that is started again.
      if (entered === 'starting') feed?.[Symbol.dispose]();
      if (entered === 'booted') feed = parts.feed(image, send);
      if (entered === 'reporting' && !toldBoot) record(parts, run, bootSamples(run));
      toldBoot ||= entered === 'reporting';
      if (!toldFault && run.faults.first !== undefined) {
        toldFault = true;
        parts.logger.warn(
          { run: run.id, image: run.image },
          `not all that it says is taken: ${run.faults.first}`,
        );
      }
      if (run.state.kind === 'ended') {
        feed?.[Symbol.dispose]();
        record(parts, run, endSamples(run));
        parts.logger.info({ run: run.id, image: run.image, reason: run.state.reason }, 'run ended');
      }
      events.publish({ kind: 'changed', run });
    },
    report(run, { samples, windowEndUs }) {
      record(parts, run, samples);
      events.publish({ kind: 'report', run, windowEndUs, samples });
    },
    console: (run, text) => events.publish({ kind: 'console', id: run.id, text }),
    fellBack({ id, image, accelerator }, why) {
      parts.logger.warn(
        { run: id, image },
        `${accelerator} failed under the guest, it runs in software: ${why}`,
      );
    },
  };
}

function journal(parts: ObserverParts, run: RunRecord): void {
  parts.journal.put(run).catch((error: unknown) => {
    parts.logger.error({ run: run.id }, `a run record was not stored: ${reasonOf(error)}`);
  });
}

export function record(
  { clock, record: take }: ObserverParts,
  run: RunRecord,
  samples: readonly Sample[],
): void {
  if (samples.length === 0) return;
  take({ monotonicUs: clock.monotonicUs(), wallMs: clock.wallMs(), runId: run.id, samples });
}
