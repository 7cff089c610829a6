import { closeSync, openSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { Cell } from '../confinement/index.js';
import { assert } from '../domain/index.js';
import type { Vm } from './monitor.js';
import { CONSOLE_BYTES_PER_SECOND, deliverThrottled } from './throttle.js';

export interface ProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** All that it inherits: a monitor needs nothing of what the gateway was told. */
  readonly env: Readonly<Record<string, string>>;
  /** Socket pairs that it inherits, from descriptor 3 on. */
  readonly sockets: number;
  /** Files that it inherits open, behind the sockets, because it may not enter the folders in which they lie. */
  readonly files?: readonly string[];
  /** Absent: it is kept in nothing. */
  readonly cell?: Cell | undefined;
  /** Goes on when we end, and hears no signal of our terminal's. */
  readonly apart: boolean;
  readonly console: (chunk: Uint8Array) => void;
}

/** A child of ours: its console is its standard output, and what it complains about is kept for its exit. */
export interface MonitorProcess extends Pick<Vm, 'processId' | 'kill' | 'exited'> {
  /** Our ends, in order; fewer where the program could not be started. */
  readonly sockets: readonly Duplex[];
}

/** QEMU's own complaints are one or two lines. */
const MAX_STDERR = 4000;
export const FIRST_SOCKET_FD = 3;
/** A dead monitor's sockets close at once, unless something that it had started holds them. */
const DRAIN_MS = 500;

/** It takes two or three milliseconds; a board that needs a second for it has other troubles. */
const HELPER_MS = 5000;

/** @throws what the system throws for an argument that no program can be given, and for a file that cannot be opened. */
export function startProcess({
  program,
  args,
  env,
  sockets,
  files = [],
  apart,
  cell,
  console,
}: ProcessOptions): MonitorProcess {
  const child = withOpen(files, (opened) =>
    execa(program, args, {
      // Any number will do; execa's types know the first few.
      stdio: ['ignore', 'pipe', 'pipe', ...Array<'pipe'>(sockets).fill('pipe'), ...(opened as readonly 3[])],
      ...{ detached: apart, cleanup: !apart, ...cell?.user },
      // The folder is entered before the user is changed, who could not come so far.
      ...(cell?.folder === undefined ? { env } : { env: { ...env, TMPDIR: '.' }, cwd: cell.folder }),
      ...{ extendEnv: false, buffer: false, reject: false, stripFinalNewline: false },
    }),
  );
  let stderr = '';
  deliverThrottled(child.stdout, CONSOLE_BYTES_PER_SECOND, console);
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(0, MAX_STDERR);
  });
  const ours = child.stdio.slice(FIRST_SOCKET_FD).flatMap(socketOf);
  const drained = Promise.all(ours.map(closed));
  return {
    processId: child.pid,
    sockets: ours,
    kill: (signal) => void child.kill(signal),
    exited: child.then(async (result) => {
      // What it said last may still be on its way.
      await Promise.race([drained, delay(DRAIN_MS, undefined, { ref: false })]);
      return {
        code: result.exitCode,
        signal: result.signal,
        stderr: stderr || (child.pid === undefined ? (result.shortMessage ?? '') : ''),
        missing: result.code === 'ENOENT',
      };
    }),
  };
}

/** Opens the files for as long as it takes to start a program that inherits them. */
function withOpen<T>(files: readonly string[], start: (opened: readonly number[]) => T): T {
  const opened: number[] = [];
  try {
    for (const path of files) opened.push(openSync(path, 'r'));
    return start(opened);
  } finally {
    opened.forEach((file) => closeSync(file));
  }
}

/** A helper that ends at once. Resolves with its complaint, if it has one; never rejects. */
export async function runHelper(
  program: string,
  args: readonly string[],
  user: Cell['user'],
): Promise<string | undefined> {
  const { failed, shortMessage, stderr } = await execa(program, args, {
    ...{ ...user, env: {}, extendEnv: false, stdin: 'ignore', timeout: HELPER_MS, reject: false },
  });
  return failed ? stderr || shortMessage : undefined;
}

function closed(socket: Duplex): Promise<void> {
  return new Promise((done) => {
    socket.once('close', done);
  });
}

/** A socket that the monitor closed at its end says so by an error; the exit says the same, so nothing is lost by ignoring it. */
function socketOf(stream: unknown): Duplex[] {
  if (stream === undefined || stream === null) return [];
  assert(stream instanceof Duplex, 'an inherited pipe is a socket pair, readable and writable');
  stream.on('error', () => undefined);
  return [stream];
}
