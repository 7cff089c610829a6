import { assert, reasonOf } from '../domain/index.js';
import type { QueueReason, RunRecord, VmSpec } from '../domain/index.js';
import { RunBook } from './book.js';
import { processAgeMs, type Measured } from './footprint.js';
import { Hearing, type Heard, type Report } from './hearing.js';
import { acceleratorFailed, describeFailure, type MonitorExit, type StopCause } from './lifecycle.js';
import type { MonitorEvent, Vm, VmListener } from './monitor.js';
import { commandLineOf, fallbackOf, missingText } from './monitors.js';
import { timeLimitMsOf } from './place-request.js';
import type { ReadyGuest } from './pool.js';
import type { RunParts } from './run-parts.js';
import { GRACE_MS, climbDown } from './stop-ladder.js';

/** Whoever waits for the first metric has the processor first. */
const FIRST_MEASURE_MS = 2;

/** No process, and none that could tell anything. */
const NO_EXIT: MonitorExit = { code: undefined, signal: undefined, stderr: '' };

/** One guest from its request to its end: feeds the pure life cycle with what happens, and obeys. */
export class Run {
  readonly #parts: RunParts;
  readonly #book: RunBook;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #leaving = new AbortController();
  #spec: VmSpec;
  #hearing: Hearing | undefined;
  #vm: Vm | undefined;
  #down: Promise<void> | undefined;
  #end: () => void = () => undefined;
  /** Resolves when the monitor has been reaped and the record has its end. */
  readonly ended = new Promise<void>((end) => {
    this.#end = end;
  });

  constructor(record: RunRecord, requestedUs: number, parts: RunParts) {
    this.#spec = parts.spec;
    this.#parts = parts;
    const commandLine = record.commandLine.length > 0 ? record.commandLine : commandLineOf(parts.spec);
    this.#book = new RunBook({ ...record, commandLine }, requestedUs, parts.clock, parts.changed);
  }

  get record(): RunRecord {
    return this.#book.record;
  }

  /** Aborted once it is to end: whoever makes it wait need no longer. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  /** There is no place for it yet. */
  waits(why: QueueReason): void {
    if (!this.leaving.aborted) this.#book.waits(why);
  }

  /** There never will be. */
  refuse(detail: string): void {
    this.#endWith({ ...NO_EXIT, stderr: detail });
  }

  /** All of a start but the process. */
  prepare(): void {
    this.#parts.starting.prepare(this.#spec);
  }

  start(): void {
    assert(this.#vm === undefined, 'a run starts once');
    this.#book.endWait();
    if (this.#parts.ready) this.#take(this.#parts.ready);
    else if (!this.#spawn()) return;
    this.#arm(this.#parts.image.readyWithinMs, () => {
      if (this.record.boot.readyMs === undefined) void this.stop('never-ready');
    });
    this.#limit(0);
  }

  /** Goes on with a guest that another gateway started. False where that cannot be. */
  adopt(processId: number): boolean {
    const vm = this.#parts.adoptVm(this.#spec, processId, this.#listener());
    if (!vm) return false;
    this.#book.adopt();
    this.#follow(vm);
    this.#book.tell();
    this.#arm(this.#parts.image.readyWithinMs, () => {
      if (this.record.state.kind === 'starting' && vm.channel) void this.stop('never-ready');
    });
    this.#limit(processAgeMs(processId));
    return true;
  }

  #limit(spentMs: number): void {
    const limitMs = timeLimitMsOf(this.record, this.#parts.image);
    if (limitMs === undefined) return;
    this.#arm(Math.max(0, limitMs - spentMs), () => void this.stop('time-limit'));
  }

  send(frame: Uint8Array): boolean {
    return this.#vm?.channel?.send(frame) ?? false;
  }

  /** Resolves when nothing is left of it. */
  async stop(cause: StopCause): Promise<void> {
    this.#leaving.abort();
    this.#book.feed({ kind: 'stop', cause });
    await this.#bringDown();
  }

  /** Told by the runner's clockwork, so that a peak of a long run is seen. */
  measured(now: Measured): void {
    this.#book.measured(now);
  }

  /** False where no process came of it: an argument that no program can be given. */
  #spawn(): boolean {
    try {
      this.#follow(this.#parts.starting.start(this.#spec, this.#listener()));
    } catch (error) {
      this.refuse(reasonOf(error));
      return false;
    }
    if (this.#vm?.processId !== undefined) this.#book.phase('spawnedMs');
    this.#book.feed({ kind: 'spawned' });
    return true;
  }

  #take(ready: ReadyGuest): void {
    // First of all: it runs while it is written down who it runs for.
    ready.begin();
    this.#spec = ready.spec;
    const { spec, vm, way } = ready;
    this.#book.note({ startedFrom: way, commandLine: commandLineOf(spec) });
    this.#follow(vm);
    this.#book.feed({ kind: 'spawned' });
    this.#book.replay(() => ready.attach(this.#listener()));
  }

  #follow(vm: Vm): void {
    this.#vm = vm;
    if (vm.processId !== undefined) this.#book.note({ processId: vm.processId });
    void vm.exited.then((exit) => this.#onExit(exit));
  }

  /** A guest that is started again is heard anew. */
  #listener(): VmListener {
    const { clock, decoder, image } = this.#parts;
    const lines = this.#parts.lines();
    const hearing = new Hearing(
      {
        ...{ clock, ends: this.#spec.ends, readyText: image.readyText, decoder: decoder() },
        lines: image.metrics === 'lines' ? lines : undefined,
        network: image.network === undefined ? undefined : lines,
      },
      (heard) => this.#onHeard(heard),
    );
    this.#hearing = hearing;
    return {
      event: (event) => this.#onMonitor(event),
      console: (chunk) => this.#onConsole(chunk, hearing),
      channel: (chunk) => hearing.channel(chunk),
      network: (text) => hearing.network(text),
    };
  }

  /** Asks, waits, forces: the guest's own Stop, QMP quit, SIGTERM, SIGKILL. Once, whoever asks for it. */
  #bringDown(): Promise<void> {
    this.#down ??= this.#leave();
    return this.#down;
  }

  #leave(): Promise<void> {
    const vm = this.#vm;
    if (!vm) {
      this.#endWith(NO_EXIT);
      return this.ended;
    }
    return climbDown(vm, this.#parts.stopFrame, this.ended);
  }

  #onExit(exit: MonitorExit & { readonly missing: boolean }): void {
    this.#hearing?.end();
    const fallback = fallbackOf(this.#spec);
    if (fallback && !exit.missing && acceleratorFailed(this.#book.life, exit)) {
      return this.#startWithout(fallback, describeFailure(this.#book.life, exit));
    }
    this.#endWith(exit.missing ? { ...exit, stderr: missingText(this.#spec) } : exit);
  }

  #startWithout(fallback: VmSpec, why: string): void {
    this.#parts.fellBack(this.record, why);
    this.#spec = fallback;
    this.#book.startAgain({ accelerator: fallback.accelerator, commandLine: commandLineOf(fallback) });
    this.#spawn();
  }

  /** Its last word: there is no process, or none any more. */
  #endWith(exit: MonitorExit): void {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#parts.log[Symbol.dispose]();
    this.#parts.starting[Symbol.dispose]();
    if (!this.#vm) this.#parts.ready?.discard();
    this.#book.phase('endedMs');
    this.#book.feed({ kind: 'exited', exit });
    this.#end();
  }

  #onMonitor(event: MonitorEvent): void {
    switch (event.kind) {
      case 'greeting':
        this.#book.note({ monitorVersion: event.version });
        return this.#book.phase('monitorReadyMs');
      case 'resumed':
        this.#book.phase('resumedMs');
        return this.#book.feed({ kind: 'resumed' });
      case 'paused':
        return this.#onPaused();
      case 'shutdown':
        this.#book.measure();
        return this.#book.feed({ ...event, powerOff: this.#spec.ends.powerOff });
      case 'panicked':
        return this.#book.feed({ kind: 'panic', detail: event.detail });
      case 'ended':
        return this.#book.feed({ kind: 'done', status: event.status });
    }
  }

  /** Nobody asked for it: an internal error of KVM's, or of a disk. QEMU would stay, and its guest never go on. */
  #onPaused(): void {
    this.#book.feed({ kind: 'paused' });
    this.#vm?.kill('SIGKILL');
  }

  #onConsole(chunk: Uint8Array, hearing: Hearing): void {
    this.#book.phase('firstConsoleByteMs');
    this.#parts.log.append(chunk);
    this.#book.feed({ kind: 'console' });
    hearing.console(chunk);
  }

  #onHeard(heard: Heard): void {
    switch (heard.kind) {
      case 'console':
        return this.#parts.console(this.record, heard.text);
      case 'ready':
        this.#book.phase('readyMs');
        return this.#book.tell();
      case 'hello':
        return this.#book.feed(heard);
      case 'report':
        return this.#onReport(heard.report);
      case 'done':
        return this.#onDone(heard);
      case 'panic':
        this.#book.feed(heard);
        return this.#arm(GRACE_MS.failed, () => void this.#bringDown());
      case 'bad-frame':
        return this.#onBadFrame(heard);
      case 'dropped':
        return this.#book.countFaults(0, heard.values, heard.detail);
    }
  }

  #onReport(report: Report): void {
    // Once at the beginning, since a short run is over before anyone looks again.
    if (!this.#book.life.reported) this.#arm(FIRST_MEASURE_MS, () => this.#book.measure());
    this.#book.phase('firstMetricMs');
    this.#book.phase('readyMs');
    this.#book.feed({ kind: 'report' });
    this.#parts.report(this.record, report);
  }

  #onDone(done: Extract<Heard, { kind: 'done' }>): void {
    this.#book.feed(done);
    if (done.by === 'console') {
      const graceMs = this.#spec.ends.halts ? GRACE_MS.halted : GRACE_MS.done;
      return this.#arm(graceMs, () => void this.#bringDown());
    }
    // The guest stays until it is told to leave. Measured once its last report is on its way to whoever waits.
    setImmediate(() => {
      this.#book.measure();
      void this.#bringDown();
    });
  }

  /** A guest that can no longer be understood is no use, however well it runs. */
  #onBadFrame({ detail, final }: Extract<Heard, { kind: 'bad-frame' }>): void {
    this.#book.countFaults(1, 0, detail);
    if (!final || this.record.state.kind === 'stopping') return;
    this.#book.feed({ kind: 'panic', detail: `its channel cannot be followed: ${detail}` });
    void this.#bringDown();
  }

  #arm(ms: number, action: () => void): void {
    this.#timers.push(setTimeout(action, ms));
  }
}
