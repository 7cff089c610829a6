import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';

/** Tells whether the kernel ended a process for want of memory. */
export interface OutOfMemory extends Disposable {
  /** In one line. */
  readonly source: string;
  /** Asked when the process was ended by a SIGKILL that nobody of ours had sent, since `sinceUs` of the monotonic clock. */
  ended(processId: number, sinceUs: number): boolean;
}

const KERNEL_LOG = '/dev/kmsg';
/** The kernel's longest record (CONSOLE_EXT_LOG_MAX). */
const RECORD_BYTES = 8192;
/** The kernel's log has a clock of its own. */
const SLACK_US = 10_000_000;

/** The kernel's log names the process; where it may not be read, a counter that anyone may read says that there was one. */
export function watchOutOfMemory(kernelLog = KERNEL_LOG): OutOfMemory {
  return readsLog(kernelLog) ? byLog(kernelLog) : byCounter();
}

function byLog(kernelLog: string): OutOfMemory {
  return {
    source: "the kernel's log",
    ended: (processId, sinceUs) =>
      records(kernelLog).some((record) => endsProcess(record, processId, sinceUs - SLACK_US)),
    [Symbol.dispose]: () => undefined,
  };
}

/** `priority,sequence,microseconds,flags;text` (Documentation/ABI/testing/dev-kmsg); below 8, it is the kernel who speaks. */
export function endsProcess(record: string, processId: number, sinceUs: number): boolean {
  const [, timeUs, killed] =
    /^[0-7],\d+,(\d+),[^;]*;(?:Memory cgroup )?out of memory: Killed process (\d+) /i.exec(record) ?? [];
  return Number(killed) === processId && Number(timeUs) >= sinceUs;
}

function readsLog(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    // The answer: dmesg_restrict, or no such device.
    return false;
  }
}

/** From the oldest that is kept to the newest. */
function records(path: string): readonly string[] {
  const found: string[] = [];
  const buffer = Buffer.alloc(RECORD_BYTES);
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let more = true; more;) {
      const length = readRecord(file, buffer);
      more = length !== 'end';
      if (typeof length === 'number') found.push(buffer.toString('utf8', 0, length));
    }
  } finally {
    closeSync(file);
  }
  return found;
}

function readRecord(file: number, buffer: Buffer): number | 'overwritten' | 'end' {
  try {
    const length = readSync(file, buffer);
    return length === 0 ? 'end' : length;
  } catch (error) {
    // EPIPE: the record was overwritten while we read. EAGAIN: there is no further one.
    return error instanceof Error && 'code' in error && error.code === 'EPIPE' ? 'overwritten' : 'end';
  }
}

const COUNT_EVERY_MS = 1000;

/** A rise within the last second or two and a guest that was killed are one event. */
function byCounter(): OutOfMemory {
  let counts = [killsSoFar(), killsSoFar()] as const;
  const timer = setInterval(() => {
    counts = [counts[1], killsSoFar()];
  }, COUNT_EVERY_MS).unref();
  return {
    source: "the kernel's counter",
    // The newest may have been counted after the kill, and before anyone heard of it.
    ended: () => killsSoFar() > counts[0],
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** proc(5), /proc/vmstat: since Linux 4.13. */
function killsSoFar(): number {
  try {
    return Number(/^oom_kill (\d+)/m.exec(readFileSync('/proc/vmstat', 'latin1'))?.[1] ?? 0);
  } catch {
    // Not Linux.
    return 0;
  }
}
