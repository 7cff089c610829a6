import { harmless, type EndReason, type RunState } from '../domain/index.js';

/** Who asked a run to end before it ended by itself. */
export type StopCause = 'user' | 'time-limit' | 'never-ready';

/** How the monitor's process ended. */
export interface MonitorExit {
  /** Its name, where it is not QEMU. */
  readonly monitor?: string;
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The status that the guest gave to a device made for it; QEMU's own says nothing. */
  readonly guestStatus?: number | undefined;
  /** What the monitor wrote to standard error, all of it. */
  readonly stderr: string;
  /** The kernel ended it for want of memory: by evidence of the kernel's own. */
  readonly outOfMemory?: boolean;
}

export type RunEvent =
  | { readonly kind: 'spawned' }
  /** QMP's RESUME: the machine exists, and the guest runs. QEMU greets before it has made one. */
  | { readonly kind: 'resumed' }
  | { readonly kind: 'console' }
  | { readonly kind: 'hello' }
  | { readonly kind: 'report' }
  | { readonly kind: 'done'; readonly status: number }
  /** `powerOff`: what a power-off means for this family, when the guest said nothing of its end. */
  | { readonly kind: 'shutdown'; readonly reason: string; readonly powerOff: 'completed' | 'crashed' }
  | { readonly kind: 'panic'; readonly detail: string }
  /** QEMU stopped the guest, and nobody had asked for it. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'stop'; readonly cause: StopCause }
  | { readonly kind: 'exited'; readonly exit: MonitorExit };

/** A run's state with the evidence from which its end will be told. */
export interface Lifecycle {
  readonly state: RunState;
  readonly resumed: boolean;
  readonly reported: boolean;
  readonly stopCause?: StopCause;
  readonly doneStatus?: number;
  /** QMP's SHUTDOWN reason: guest-shutdown, guest-reset, guest-panic, host-qmp-quit, … */
  readonly shutdown?: string;
  readonly panic?: string;
  readonly poweredOff?: boolean;
  readonly paused?: boolean;
}

export const QUEUED: Lifecycle = { state: { kind: 'queued' }, resumed: false, reported: false };

/**
 * QEMU was sent SIGINT, SIGTERM or SIGHUP: a request to end that did not come through us. Ctrl-C reaches all that a
 * terminal started, and a service manager tells every process of a service.
 */
const HOST_SIGNAL = 'host-signal';

/** Nothing moves backwards, and nothing leaves `ended`: a late event of a dead guest changes no record. */
export function step(life: Lifecycle, event: RunEvent): Lifecycle {
  if (life.state.kind === 'ended') return life;
  switch (event.kind) {
    case 'spawned':
      return advance(life, 'starting');
    case 'resumed':
      return { ...life, resumed: true };
    case 'console':
    case 'hello':
      return advance(life, 'booted');
    case 'report':
      return advance({ ...life, reported: true }, 'reporting');
    case 'done':
      return advance({ doneStatus: event.status, ...life }, 'stopping');
    case 'shutdown':
      if (event.reason === HOST_SIGNAL) return step(life, { kind: 'stop', cause: 'user' });
      return advance(
        {
          shutdown: event.reason,
          poweredOff: event.reason === 'guest-shutdown' && event.powerOff === 'completed',
          ...life,
        },
        'stopping',
      );
    case 'paused':
      return { ...life, paused: true };
    case 'panic':
      return { panic: harmless(event.detail), ...life };
    case 'stop':
      // A guest that had ended already was not stopped: it came too late.
      return advance(hasEnded(life) ? life : { stopCause: event.cause, ...life }, 'stopping');
    case 'exited':
      return { ...life, state: { kind: 'ended', reason: endReason(life, event.exit) } };
  }
}

function hasEnded({ doneStatus, shutdown, panic }: Lifecycle): boolean {
  return doneStatus !== undefined || shutdown !== undefined || panic !== undefined;
}

const ORDER = ['queued', 'starting', 'booted', 'reporting', 'stopping', 'ended'] as const;

function advance(life: Lifecycle, kind: 'starting' | 'booted' | 'reporting' | 'stopping'): Lifecycle {
  return ORDER.indexOf(kind) > ORDER.indexOf(life.state.kind) ? { ...life, state: { kind } } : life;
}

/** The first that holds, strongest evidence first. A monitor's exit status of 0 proves nothing: it follows a crash too. */
function endReason(life: Lifecycle, exit: MonitorExit): EndReason {
  if (life.stopCause !== undefined) return STOP_REASONS[life.stopCause];
  if (life.doneStatus !== undefined) {
    return byStatus(life.doneStatus);
  }
  if (exit.outOfMemory === true || /cannot (set up guest memory|allocate memory)/i.test(exit.stderr))
    return { kind: 'out-of-memory' };
  if (!life.resumed && life.panic === undefined && !wasKilled(exit))
    return { kind: 'host-refused', detail: refusal(exit) };
  if (life.panic === undefined && exit.guestStatus !== undefined) return byStatus(exit.guestStatus);
  if (life.poweredOff === true && life.panic === undefined) return { kind: 'completed' };
  return { kind: 'crashed', detail: crashDetail(life, exit) };
}

function byStatus(code: number): EndReason {
  return code === 0 ? { kind: 'completed' } : { kind: 'exit-code', code };
}

const STOP_REASONS: Record<StopCause, EndReason> = {
  user: { kind: 'killed-by-user' },
  'time-limit': { kind: 'timed-out' },
  'never-ready': { kind: 'never-ready' },
};

function refusal(exit: MonitorExit): string {
  return lastWords(exit.stderr) || exitText(exit);
}

/**
 * Whether it was the accelerator and not the guest: QEMU ended before there was a machine, or stopped a guest that had
 * reported nothing. A guest that was told to end, or said that it had, is its own witness.
 */
export function acceleratorFailed(life: Lifecycle, exit: MonitorExit): boolean {
  if (life.stopCause !== undefined || hasEnded(life)) return false;
  return life.paused === true ? !life.reported : !life.resumed && !wasKilled(exit);
}

/** By somebody, or by a kernel that was out of memory: no monitor ends so by itself. */
function wasKilled({ signal }: MonitorExit): boolean {
  return signal === 'SIGKILL';
}

export function describeFailure(life: Lifecycle, exit: MonitorExit): string {
  return life.resumed ? crashDetail(life, exit) : refusal(exit);
}

function crashDetail(life: Lifecycle, exit: MonitorExit): string {
  if (life.panic !== undefined) return life.panic;
  if (life.paused === true) return pausedDetail(exit);
  if (life.shutdown === 'guest-reset') return 'the guest reset itself (a fault, or a triple fault)';
  if (life.shutdown === 'guest-shutdown') return 'the guest powered off without saying that it was done';
  if (life.shutdown !== undefined) return `the guest ended with ${life.shutdown}`;
  const words = lastWords(exit.stderr);
  return `${exitText(exit)}${words === '' ? '' : `: ${words}`}`;
}

/** The last line that is no warning: QEMU complains about what it does not mind before it says what it died of. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return harmless(lines.filter((line) => line !== '' && !/\bwarning:/.test(line)).at(-1) ?? '');
}

function pausedDetail(exit: MonitorExit): string {
  const words = lastWords(exit.stderr);
  return `QEMU stopped the guest by itself (an error of the accelerator or of a disk)${words === '' ? '' : `: ${words}`}`;
}

function exitText(exit: MonitorExit): string {
  const { code = 'unknown', monitor = 'QEMU', signal } = exit;
  return `${monitor} ended with ${signal === undefined ? `status ${code}` : `signal ${signal}`}`;
}
