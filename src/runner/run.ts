import { setTimeout as delay } from 'node:timers/promises';
import {
  TokenBucket,
  assert,
  isEnded,
  reasonOf,
  type Clock,
  type GuestDecoder,
  type GuestEvent,
} from '../domain/index.js';
import type { BootPhases, Image, RunRecord, VmSpec, ConsoleDecoder } from '../domain/index.js';
import { createConsoleReader, type ConsoleReader, type ConsoleSign } from './console-ends.js';
import type { ConsoleLog } from './console-log.js';
import { foldFootprint, readFootprint } from './footprint.js';
import { QUEUED, step, type Lifecycle, type RunEvent, type StopCause } from './lifecycle.js';
import { commandLineOf } from './monitors.js';
import type { MonitorEvent, Vm, VmListener } from './monitor.js';

/** How long each rung of the stop ladder waits: a guest of ours answers in a millisecond, a busy board in less than one second. */
const STOP_RUNG_MS = 1000;
/** Ten times what the shortest window gives; a flood beyond it is counted and dropped, and costs the other guests nothing. */
const REPORTS_PER_SECOND = 100;
const REPORTS_AT_ONCE = 200;
/** A guest that halts when it is done may still print; then it is ended. */
const HALT_GRACE_MS = 200;

export interface RunParts {
  readonly image: Image;
  readonly spec: VmSpec;
  readonly startVm: (spec: VmSpec, listener: VmListener) => Vm;
  readonly clock: Clock;
  /** For the frames of its channel, if it has one. */
  readonly decoder: GuestDecoder;
  /** For lines of metrics on its console, if it reports by them. */
  readonly lines?: ConsoleDecoder;
  readonly log: ConsoleLog;
  /** What `stop` sends first. */
  readonly stopFrame: Uint8Array;
  /** Called on every change of the record. */
  readonly changed: (run: RunRecord) => void;
  readonly report: (run: RunRecord, report: Extract<GuestEvent, { kind: 'report' }>) => void;
  readonly console: (run: RunRecord, text: string) => void;
  /** The first thing that the guest did wrong. */
  readonly fault: (run: RunRecord, detail: string) => void;
}

/** One guest from its request to its end: feeds the pure life cycle with what happens, and obeys. */
export class Run {
  readonly #parts: RunParts;
  readonly #requestedUs: number;
  readonly #consoleText = new TextDecoder();
  readonly #timers: NodeJS.Timeout[] = [];
  #life: Lifecycle = QUEUED;
  #record: RunRecord;
  #reader: ConsoleReader;
  #vm: Vm | undefined;
  #down: Promise<void> | undefined;
  readonly #reports = new TokenBucket(REPORTS_PER_SECOND, REPORTS_AT_ONCE);
  #ended: Promise<void> = Promise.resolve();

  constructor(record: RunRecord, requestedUs: number, parts: RunParts) {
    this.#record = { ...record, commandLine: commandLineOf(parts.spec) };
    this.#requestedUs = requestedUs;
    this.#reader = createConsoleReader(parts.spec.ends, parts.image.readyText);
    this.#parts = parts;
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** Resolves when QEMU has been reaped and the record has its end. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  start(): void {
    assert(this.#vm === undefined, 'a run starts once');
    let vm: Vm;
    try {
      vm = this.#parts.startVm(this.#parts.spec, {
        event: (event) => this.#onMonitor(event),
        console: (chunk) => this.#onConsole(chunk),
        channel: (chunk) => this.#parts.decoder.push(chunk).forEach((event) => this.#onGuest(event)),
      });
    } catch (error) {
      // No process came of it: an argument that no program can be given.
      this.#feed({ kind: 'exited', exit: { code: undefined, signal: undefined, stderr: reasonOf(error) } });
      return;
    }
    this.#vm = vm;
    if (vm.processId !== undefined) this.#update({ processId: vm.processId, ...this.#phase('spawnedMs') });
    this.#feed({ kind: 'spawned' });
    this.#arm(this.#parts.image.readyWithinMs, () => {
      if (this.#record.boot.readyMs === undefined) void this.stop('never-ready');
    });
    if (this.#parts.image.timeLimitMs !== undefined) {
      this.#arm(this.#parts.image.timeLimitMs, () => void this.stop('time-limit'));
    }
    this.#ended = this.#reap(vm);
  }

  send(frame: Uint8Array): boolean {
    return this.#vm?.channel?.send(frame) ?? false;
  }

  /** Resolves when nothing is left of it. */
  async stop(cause: StopCause): Promise<void> {
    this.#feed({ kind: 'stop', cause });
    await this.#bringDown();
  }

  /** Asks, waits, forces: the guest's own Stop, QMP quit, SIGTERM, SIGKILL. Once, whoever asks for it. */
  #bringDown(): Promise<void> {
    this.#down ??= this.#climbDown();
    return this.#down;
  }

  async #climbDown(): Promise<void> {
    this.send(this.#parts.stopFrame);
    const rungs = [
      () => this.#vm?.machine?.quit(),
      () => this.#vm?.kill('SIGTERM'),
      () => this.#vm?.kill('SIGKILL'),
    ];
    for (const force of rungs) {
      if (await this.#endsWithin(STOP_RUNG_MS)) return;
      force();
    }
    await this.#ended;
  }

  async #endsWithin(ms: number): Promise<boolean> {
    const timer = new AbortController();
    const inTime = await Promise.race([
      this.#ended.then(() => true),
      delay(ms, false, { signal: timer.signal }).catch(() => false), // aborted below, once the race is over
    ]);
    timer.abort();
    return inTime;
  }

  async #reap(vm: Vm): Promise<void> {
    const exit = await vm.exited;
    this.#reader.end().forEach((sign) => this.#onSign(sign));
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#parts.log[Symbol.dispose]();
    this.#update(this.#phase('endedMs'));
    const { program } = this.#parts.spec;
    const stderr = exit.missing ? `${program} is not installed; install QEMU: npm run setup` : exit.stderr;
    this.#feed({ kind: 'exited', exit: { ...exit, stderr } });
  }

  #onMonitor(event: MonitorEvent): void {
    switch (event.kind) {
      case 'greeting':
        return this.#update({ monitorVersion: event.version, ...this.#phase('monitorReadyMs') });
      case 'resumed':
        this.#update(this.#phase('resumedMs'));
        return this.#feed({ kind: 'resumed' });
      case 'paused':
        return;
      case 'shutdown':
        this.#measure();
        return this.#feed({ ...event, powerOff: this.#parts.spec.ends.powerOff });
      case 'panicked':
        return this.#feed({ kind: 'panic', detail: 'the guest reported a panic' });
    }
  }

  #onConsole(chunk: Uint8Array): void {
    this.#update(this.#phase('firstConsoleByteMs'));
    this.#update(this.#phase('bootedMs'));
    this.#parts.log.append(chunk);
    this.#feed({ kind: 'console' });
    for (const event of this.#parts.lines?.push(chunk, this.#parts.clock.monotonicUs()) ?? [])
      this.#onGuest(event);
    const text = this.#consoleText.decode(chunk, { stream: true });
    this.#reader.push(text).forEach((sign) => this.#onSign(sign));
    this.#parts.console(this.#record, text);
  }

  #onSign(sign: ConsoleSign): void {
    if (sign.kind === 'ready') {
      this.#update(this.#phase('readyMs'));
      this.#parts.changed(this.#record);
      return;
    }
    this.#feed(sign);
    if (sign.kind === 'done' && this.#parts.spec.ends.halts)
      this.#arm(HALT_GRACE_MS, () => void this.#bringDown());
  }

  #onGuest(event: GuestEvent): void {
    switch (event.kind) {
      case 'hello':
        this.#update(this.#phase('bootedMs'));
        return this.#feed({ kind: 'hello' });
      case 'report':
        return this.#onReport(event);
      case 'done':
        this.#feed({ kind: 'done', status: event.status });
        // The guest stays until it is told to leave. Measured once its last report is on its way to whoever waits.
        setImmediate(() => {
          this.measure();
          void this.#bringDown();
        });
        return;
      case 'bad-frame':
        return this.#onBadFrame(event);
    }
  }

  /** A guest that can no longer be understood is no use, however well it runs. */
  #onBadFrame({ detail, final }: Extract<GuestEvent, { kind: 'bad-frame' }>): void {
    const { badFrames, droppedValues } = this.#record.faults;
    this.#update({ faults: { badFrames: badFrames + 1, droppedValues } });
    if (badFrames === 0) this.#parts.fault(this.#record, detail);
    if (!final || this.#life.state.kind === 'stopping') return;
    this.#feed({ kind: 'panic', detail: `its channel cannot be followed: ${detail}` });
    void this.#bringDown();
  }

  #onReport(report: Extract<GuestEvent, { kind: 'report' }>): void {
    const taken = this.#reports.take(1, this.#parts.clock.monotonicUs());
    const dropped = report.dropped + (taken ? 0 : report.samples.length);
    if (dropped > 0) {
      const { badFrames, droppedValues } = this.#record.faults;
      this.#update({ faults: { badFrames, droppedValues: droppedValues + dropped } });
    }
    if (!taken || report.samples.length === 0) return;
    this.#update(this.#phase('firstMetricMs'));
    this.#update(this.#phase('readyMs'));
    this.#feed({ kind: 'report' });
    this.#parts.report(this.#record, report);
  }

  #measure(): void {
    const footprint = foldFootprint(
      this.#record.footprint,
      this.#vm?.processId === undefined ? undefined : readFootprint(this.#vm.processId),
    );
    if (footprint) this.#update({ footprint });
  }

  /** Asked by the runner's clockwork, so that a peak of a long run is seen. */
  measure(): void {
    if (!isEnded(this.#record)) this.#measure();
  }

  #feed(event: RunEvent): void {
    const before = this.#life.state.kind;
    this.#life = step(this.#life, event);
    this.#update({ state: this.#life.state });
    if (this.#life.state.kind !== before) this.#parts.changed(this.#record);
  }

  #update(change: Partial<RunRecord>): void {
    this.#record = { ...this.#record, ...change };
  }

  /** The time of a phase, kept from its first occurrence. */
  #phase(name: keyof BootPhases): Pick<RunRecord, 'boot'> {
    const { boot } = this.#record;
    const elapsedMs = (this.#parts.clock.monotonicUs() - this.#requestedUs) / 1000;
    return { boot: boot[name] === undefined ? { ...boot, [name]: elapsedMs } : boot };
  }

  #arm(ms: number, action: () => void): void {
    this.#timers.push(setTimeout(action, ms));
  }
}
