import type { Duplex } from 'node:stream';
import type { QemuSpec } from '../domain/index.js';
import type { MonitorEvent, Vm, VmListener } from './monitor.js';
import { startProcess } from './process.js';
import { qemuArgs } from './qemu-args.js';
import { createQmpParser, qmpCommand, type QmpMessage } from './qmp.js';
import { deliverThrottled } from './throttle.js';

/** A guest that falls this far behind its sensor feed gets no more of it until it has caught up. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** Some thousand reports a second: more than the store takes from one guest. */
const CHANNEL_BYTES_PER_SECOND = 1024 * 1024;

export interface QemuOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Stay before the guest's first instruction until `resume`. */
  readonly stopped: boolean;
}

/**
 * Starts QEMU, and lets the guest go unless it is to stay stopped: `cont` waits in the socket before QEMU reads it, so no
 * round trip is spent, and `qmp_capabilities` before it switches events on first, so that no end of the guest is missed.
 */
export function startQemu(spec: QemuSpec, listener: VmListener, { env, stopped }: QemuOptions): Vm {
  const child = startProcess({
    ...{ program: spec.program, args: qemuArgs(spec), env, sockets: 2 },
    console: (chunk) => listener.console(chunk),
  });
  const [channel, qmp] = child.sockets;
  if (channel) deliverThrottled(channel, CHANNEL_BYTES_PER_SECOND, (chunk) => listener.channel(chunk));
  if (qmp) followQmp(qmp, listener);
  const say = (command: string): void => {
    if (qmp?.writable) qmp.write(qmpCommand(command));
  };
  say('qmp_capabilities');
  if (!stopped) say('cont');
  return {
    processId: child.processId,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    ...(spec.channel && channel ? { channel: { send: (frame) => send(channel, frame) } } : {}),
    machine: { resume: () => say('cont'), quit: () => say('quit') },
  };
}

/** False when the guest reads too slowly, and the frame was dropped whole. */
function send(channel: Duplex, frame: Uint8Array): boolean {
  if (!channel.writable || channel.writableLength > MAX_UNSENT_BYTES) return false;
  channel.write(frame);
  return true;
}

function followQmp(qmp: Duplex, listener: VmListener): void {
  const parse = createQmpParser();
  qmp.on('data', (chunk: Buffer) => {
    for (const message of parse(chunk)) {
      const event = eventOf(message);
      if (event) listener.event(event);
    }
  });
}

function eventOf(message: QmpMessage): MonitorEvent | undefined {
  if (message.kind === 'greeting') return { kind: 'greeting', version: message.version };
  if (message.kind !== 'event') return undefined;
  switch (message.name) {
    case 'RESUME':
      return { kind: 'resumed' };
    case 'STOP':
      return { kind: 'paused' };
    case 'SHUTDOWN':
      return { kind: 'shutdown', reason: String(message.data['reason']) };
    case 'GUEST_PANICKED':
      return { kind: 'panicked' };
    default:
      return undefined;
  }
}
