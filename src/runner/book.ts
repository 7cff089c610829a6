import { isEnded, type BootPhases, type Clock, type QueueReason, type RunRecord } from '../domain/index.js';
import { foldFootprint, measureAll, type Measured } from './footprint.js';
import { QUEUED, step, type Lifecycle, type RunEvent } from './lifecycle.js';

/** The record of one run with the life cycle that it follows; every change of either goes through here. */
export class RunBook {
  readonly #clock: Clock;
  readonly #changed: (run: RunRecord) => void;
  /** Boot phases count from here. */
  #sinceUs: number;
  #life: Lifecycle;
  #record: RunRecord;
  #replaying = false;
  #adopted = false;

  constructor(record: RunRecord, requestedUs: number, clock: Clock, changed: (run: RunRecord) => void) {
    this.#record = record;
    this.#life = lifeOf(record);
    this.#sinceUs = requestedUs;
    this.#clock = clock;
    this.#changed = changed;
  }

  get record(): RunRecord {
    return this.#record;
  }

  get life(): Lifecycle {
    return this.#life;
  }

  note(change: Partial<RunRecord>): void {
    this.#record = { ...this.#record, ...change };
  }

  /** Something that followers want to know at once, without a step of the life cycle. */
  tell(): void {
    this.#changed(this.#record);
  }

  feed(event: RunEvent): void {
    const before = this.#life.state.kind;
    this.#life = step(this.#life, event);
    this.note({ state: this.#life.state });
    if (this.#life.state.kind === before) return;
    if (this.#life.state.kind === 'booted') this.phase('bootedMs');
    this.tell();
  }

  /** The time of a phase, kept from its first occurrence. */
  phase(name: keyof BootPhases): void {
    const { boot } = this.#record;
    if (this.#replaying || boot[name] !== undefined) return;
    if (this.#adopted && name !== 'endedMs') return;
    this.note({ boot: { ...boot, [name]: (this.#clock.monotonicUs() - this.#sinceUs) / 1000 } });
  }

  /** What a guest said while it was kept ready happened before its run: it is no phase of it. */
  replay(action: () => void): void {
    this.#replaying = true;
    action();
    this.#replaying = false;
  }

  /** What its first gateway had not written down of the boot stays unknown: it was not seen, or lost with that gateway. */
  adopt(): void {
    this.#adopted = true;
  }

  waits(why: QueueReason): void {
    this.#life = { ...this.#life, state: { kind: 'queued', why } };
    this.note({ state: this.#life.state });
    this.tell();
  }

  /** The phases of a run that had to wait count from when it no longer had to. */
  endWait(): void {
    const { state } = this.#life;
    if (state.kind !== 'queued' || state.why === undefined) return;
    this.phase('queuedMs');
    this.#sinceUs = this.#clock.monotonicUs();
  }

  /** Nothing that the guest did counts any more. */
  startAgain(change: Partial<RunRecord>): void {
    const { queuedMs } = this.#record.boot;
    this.#life = QUEUED;
    this.note({ ...change, boot: queuedMs === undefined ? {} : { queuedMs } });
  }

  /** `what`: a sentence. The first is kept, and told at once; after that a guest repeats what it does wrong. */
  countFaults(badFrames: number, droppedValues: number, what: string): void {
    const { faults } = this.#record;
    this.note({
      faults: {
        badFrames: faults.badFrames + badFrames,
        droppedValues: faults.droppedValues + droppedValues,
        first: faults.first ?? what,
      },
    });
    if (faults.first === undefined) this.tell();
  }

  /** Peaks and CPU time so far, looked at now while there still is a process. */
  measure(): void {
    const { processId } = this.#record;
    const now = processId === undefined ? undefined : measureAll(processId);
    if (now) this.measured(now);
  }

  measured(now: Measured): void {
    if (!isEnded(this.#record)) this.note({ footprint: foldFootprint(this.#record.footprint, now) });
  }
}

/** Of a run that goes on under another gateway, which has to hear of its guest anew; or of one that begins. */
function lifeOf({ boot, state }: RunRecord): Lifecycle {
  if (state.kind === 'queued') return QUEUED;
  return { state, resumed: boot.resumedMs !== undefined, reported: boot.firstMetricMs !== undefined };
}
