import type { TenderSpec } from '../domain/index.js';
import { lastWords, type MonitorExit } from './lifecycle.js';
import type { MonitorEvent } from './monitor.js';

/** include/solo5.h: an abort of the guest, or a trap that it did not handle. */
const SOLO5_EXIT_ABORT = 255;
/** What the tender, and the shell before it, end with when they have something to say themselves (err(3), sh(1)). */
const COMPLAINTS: readonly (number | undefined)[] = [1, 2, 126, 127];
/** Of a guest that is a process: its own faults, and a system call that its filter forbids. */
const FAULTS: readonly string[] = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGABRT'];

/**
 * What the end of a tender tells of its guest. The tender passes the guest's status on, but ends with 1 for itself, and
 * then says why on standard error, where no guest can write. `spoke`: the guest has run. None: the tender refused it.
 */
export function tenderEvidence(
  monitor: TenderSpec['monitor'],
  exit: MonitorExit,
  spoke: boolean,
): readonly MonitorEvent[] {
  if (exit.signal !== undefined) return [{ kind: 'panicked', detail: signalText(monitor, exit.signal) }];
  if (exit.code === undefined) return [];
  const words = tenderWords(monitor, exit.stderr);
  if (words !== '' && COMPLAINTS.includes(exit.code))
    return spoke ? [{ kind: 'panicked', detail: words }] : [];
  if (exit.code !== SOLO5_EXIT_ABORT) return [{ kind: 'ended', status: exit.code }];
  return [{ kind: 'panicked', detail: `the guest aborted (status ${SOLO5_EXIT_ABORT})` }];
}

/** What a tender repeats, or says of its options, once it has said what is wrong with one of them (warnx and usage). */
const HELP = /^usage: |: Please check you have correctly specified|: All declared devices must be attached/;

/** The line that says what is wrong: the first, where help of several lines follows. */
function complaint(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const help = lines.findIndex((line) => HELP.test(line));
  const before = lines.slice(0, Math.max(0, help)).find((line) => line !== '' && !/\bwarning:/i.test(line));
  return before ?? lastWords(stderr);
}

/** With ours where they do not say what to do. No other tender can run the same image where KVM is what failed. */
export function tenderWords(monitor: TenderSpec['monitor'], stderr: string): string {
  const words = complaint(stderr);
  const [, tap] = /Could not attach interface: ([\w.-]+):/.exec(words) ?? [];
  if (tap !== undefined) return `${words} (is it there, and up? ip tuntap add ${tap} mode tap)`;
  const needsKvm = monitor === 'solo5-hvt' && /\bkvm\b/i.test(words);
  return needsKvm ? `${words} (an image for hvt runs in KVM only; built for spt, it needs none)` : words;
}

function signalText(monitor: TenderSpec['monitor'], signal: string): string {
  if (monitor === 'solo5-spt' && signal === 'SIGSYS')
    return 'the guest made a system call that solo5-spt forbids';
  if (monitor === 'solo5-spt' && FAULTS.includes(signal)) return `the guest faulted (${signal})`;
  return `${monitor} ended with signal ${signal}`;
}
