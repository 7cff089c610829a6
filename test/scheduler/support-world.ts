import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Topic, parseImageName } from '../../src/domain/index.js';
import type { EndReason, ImageName, Logger, PerigeeError, RunId, RunNews } from '../../src/domain/index.js';
import type { RunRecord, RunRequest, Schedule, ScheduleStore } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { startScheduler, type Runs, type Scheduler } from '../../src/scheduler/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { run as recordOfRun } from '../store/support-store.js';
import { SILENT } from '../support/loggers.js';
import { FakeClock } from './support-scheduler.js';

/** Runs that begin when they are asked for and end when a test says so. */
class FakeRuns implements Runs {
  readonly events = new Topic<RunNews>();
  readonly requests: RunRequest[] = [];
  active: RunRecord[] = [];
  refusal: PerigeeError | undefined;

  start(request: RunRequest): Promise<RunRecord> {
    this.requests.push(request);
    if (this.refusal) return Promise.reject(this.refusal);
    const image = parseImageName(request.image);
    const record = recordOfRun(request.id, 0, { ...request, image, state: { kind: 'starting' } });
    this.active.push(record);
    return Promise.resolve(record);
  }

  async end(id: RunId | undefined, reason: EndReason = { kind: 'completed' }): Promise<void> {
    const run = this.active.find((each) => each.id === id) ?? assert.fail('it runs');
    this.active = this.active.filter((each) => each !== run);
    this.events.publish({
      kind: 'changed',
      run: { ...run, state: { kind: 'ended', reason }, boot: { endedMs: 5 } },
    });
    await settled();
  }
}

/** What was promised has happened. */
export const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A scheduler's surroundings, which outlive it. `setTimeout` is mocked by whoever uses it. */
export class World {
  readonly clock = new FakeClock();
  readonly runs = new FakeRuns();
  readonly complaints: string[] = [];
  readonly expected: string[] = [];
  store: ScheduleStore = createMemoryStore().schedules;

  async open(schedules: readonly Schedule[] = [], asleep = false): Promise<Scheduler> {
    const note = (_fields: object, message: string): void => void this.complaints.push(message);
    const logger: Logger = { ...SILENT, warn: note, error: note };
    return startScheduler({
      ...{ runs: this.runs, store: this.store, kept: schedules, asleep, newRunId, clock: this.clock, logger },
      expect: (images: ReadonlyMap<ImageName, number>) =>
        this.expected.push([...images].map(([image, count]) => `${count} ${image}`).join()),
    });
  }

  async pass(ms: number): Promise<void> {
    // In steps, as time passes: a timer sees the clock as it is then.
    for (let left = ms; left > 0; left -= 1000) {
      this.clock.pass(Math.min(left, 1000));
      mock.timers.tick(Math.min(left, 1000));
      await settled();
    }
  }
}
