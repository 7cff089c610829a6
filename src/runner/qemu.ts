import { Duplex } from 'node:stream';
import { execa } from 'execa';
import { assert, type VmSpec } from '../domain/index.js';
import type { MonitorExit } from './lifecycle.js';
import { CHANNEL_FD, QMP_FD, qemuArgs } from './qemu-args.js';
import { qmpCommand } from './qmp.js';
import { deliverThrottled } from './throttle.js';

export interface VmListener {
  qmp(chunk: Uint8Array): void;
  console(chunk: Uint8Array): void;
  channel(chunk: Uint8Array): void;
}

/** One QEMU process. */
export interface Vm {
  /** Absent when the program could not be started at all. */
  readonly processId: number | undefined;
  /** False when the guest reads too slowly, and the frame was dropped whole. */
  send(frame: Uint8Array): boolean;
  quit(): void;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  readonly exited: Promise<MonitorExit & { readonly missing: boolean }>;
}

/** A guest that falls this far behind its sensor feed gets no more of it until it has caught up. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** QEMU's own complaints are one or two lines. */
const MAX_STDERR = 4000;
/** A verbose boot log; what a guest prints beyond it comes later, and costs the others nothing. */
const CONSOLE_BYTES_PER_SECOND = 256 * 1024;
/** Some thousand reports a second: more than the store takes from one guest. */
const CHANNEL_BYTES_PER_SECOND = 1024 * 1024;

/**
 * Starts QEMU and lets the guest go: `cont` waits in the socket before QEMU reads it, so no round trip is spent, and
 * `qmp_capabilities` before it switches events on first, so that no end of the guest is missed.
 */
export function startVm(spec: VmSpec, listener: VmListener): Vm {
  const child = execa(spec.program, qemuArgs(spec), {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    stripFinalNewline: false,
  });
  let stderr = '';
  deliverThrottled(child.stdout, CONSOLE_BYTES_PER_SECOND, (chunk) => listener.console(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(0, MAX_STDERR);
  });
  const channel = socketOf(child.stdio[CHANNEL_FD]);
  const qmp = socketOf(child.stdio[QMP_FD]);
  if (channel) deliverThrottled(channel, CHANNEL_BYTES_PER_SECOND, (chunk) => listener.channel(chunk));
  qmp?.on('data', (chunk: Buffer) => listener.qmp(chunk));
  qmp?.write(qmpCommand('qmp_capabilities') + qmpCommand('cont'));
  return {
    processId: child.pid,
    send(frame) {
      if (!channel?.writable || channel.writableLength > MAX_UNSENT_BYTES) return false;
      channel.write(frame);
      return true;
    },
    quit() {
      if (qmp?.writable) qmp.write(qmpCommand('quit'));
    },
    kill(signal) {
      child.kill(signal);
    },
    exited: child.then((result) => ({
      code: result.exitCode,
      signal: result.signal,
      stderr: stderr || (child.pid === undefined ? (result.shortMessage ?? '') : ''),
      missing: result.code === 'ENOENT',
    })),
  };
}

/** A socket that QEMU closed at its end says so by an error; the exit says the same, so nothing is lost by ignoring it. */
function socketOf(stream: unknown): Duplex | undefined {
  if (stream === undefined || stream === null) return undefined;
  assert(stream instanceof Duplex, 'an inherited pipe is a socket pair, readable and writable');
  stream.on('error', () => undefined);
  return stream;
}
