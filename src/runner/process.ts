import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { execa } from 'execa';
import type { Cell } from '../confinement/index.js';
import { assert } from '../domain/index.js';
import type { Vm } from './monitor.js';
import { CONSOLE, deliverThrottled, startThrottled } from './throttle.js';

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
  /** It starts others of its own: every signal, and its end, is for them too. */
  readonly group?: boolean;
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
/**
 * A dead monitor's pipes close when they have been read: at once, or within a second where its console is throttled. Later
 * ones are held by something that it had started.
 */
const DRAIN_MS = 2000;

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
  group = false,
  cell,
  console,
}: ProcessOptions): MonitorProcess {
  const child = withOpen(files, (opened) =>
    startThrottled(() =>
      spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe', ...Array<'pipe'>(sockets).fill('pipe'), ...opened],
        ...{ detached: apart || group, ...cell?.user },
        // The folder is entered before the user is changed, who could not come so far.
        ...(cell?.folder === undefined ? { env } : { env: { ...env, TMPDIR: '.' }, cwd: cell.folder }),
      }),
    ),
  );
  const kill: Kill = (signal) => {
    if (!group) child.kill(signal);
    else if (lives(child)) killGroup(child, signal);
  };
  if (!apart && child.pid !== undefined) endWithUs(child, kill);
  // In the turn in which it is seen to end: nobody else has its number yet.
  if (group) child.once('exit', () => killGroup(child, 'SIGKILL'));
  let stderr = '';
  const printed = child.stdout && deliverThrottled(child.stdout, CONSOLE, console);
  child.once('exit', () => printed?.lift());
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(0, MAX_STDERR);
  });
  return {
    processId: child.pid,
    sockets: socketsOf(child),
    kill,
    exited: endOf(child).then(({ code, error, signal }) => ({
      ...{ code, signal, missing: error?.code === 'ENOENT' },
      stderr: stderr || (error?.message ?? ''),
    })),
  };
}

type Kill = Vm['kill'];

function lives({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function killGroup({ pid }: ChildProcess, signal: Parameters<Kill>[0]): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // ESRCH: all of it has ended.
  }
}

interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** Why there never was a process. */
  readonly error?: NodeJS.ErrnoException;
}

/** What it said last may still be on its way when it exits. */
function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((ended) => {
    child.once('exit', (code, signal) => {
      const end = { code: code ?? undefined, signal: signal ?? undefined };
      const late = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream?.destroy();
        ended(end);
      }, DRAIN_MS).unref();
      child.once('close', () => {
        clearTimeout(late);
        ended(end);
      });
    });
    child.on('error', (error) => {
      // Of one that runs: it could not be sent a signal, and will be seen to go on.
      if (child.pid === undefined) ended({ code: undefined, signal: undefined, error });
    });
  });
}

/** A monitor does not notice by itself that its gateway has gone. */
const dependents = new Set<Kill>();
process.on('exit', () => dependents.forEach((kill) => kill('SIGTERM')));

function endWithUs(child: ChildProcess, kill: Kill): void {
  dependents.add(kill);
  child.once('exit', () => dependents.delete(kill));
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

/** What a helper that ends at once prints, or its complaint. Never rejects. */
export async function askHelper(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly said: string } | { readonly complaint: string }> {
  const { failed, shortMessage, stderr, stdout } = await execa(program, args, {
    ...{ env, extendEnv: false, stdin: 'ignore', timeout: HELPER_MS, reject: false },
  });
  return failed ? { complaint: (stderr || shortMessage) ?? 'it failed' } : { said: stdout };
}

export interface Survivor {
  kill(): void;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
}

/**
 * A helper that goes on when we end, and is told so by the end of its standard input: nobody but us holds the other end.
 * It hears no signal of our terminal's, and does not keep us from ending.
 */
export function startSurvivor(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Survivor {
  const child = spawn(program, args, {
    ...{ env, cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  });
  child.unref();
  // It ended before us: that is told by its end.
  child.stdin.on('error', () => undefined);
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    kill() {
      // Its end is waited for now.
      child.ref();
      child.kill('SIGKILL');
    },
    ended: endOf(child).then(
      ({ code, error, signal }) => error?.message ?? `it ended with ${signal ?? `status ${code}`}`,
    ),
  };
}

/** A socket that the monitor closed at its end says so by an error; the exit says the same, so nothing is lost by ignoring it. */
function socketsOf(child: ChildProcess): readonly Duplex[] {
  if (child.pid === undefined) return [];
  return child.stdio.slice(FIRST_SOCKET_FD).flatMap((stream: unknown) => {
    // A file that it inherits has no end of ours.
    if (stream === null) return [];
    assert(stream instanceof Duplex, 'an inherited pipe is a socket pair, readable and writable');
    stream.on('error', () => undefined);
    return [stream];
  });
}
