import type { Duplex } from 'node:stream';
import type { MonitorEvent, VmListener } from './monitor.js';
import type { Meeting } from './qemu-args.js';
import { createQmpParser, qmpCommand, type QmpMessage } from './qmp.js';
import { CONSOLE, deliverThrottled } from './throttle.js';

/** A guest that falls this far behind its sensor feed gets no more of it until it has caught up. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** Some thousand reports a second: more than the store takes from one guest. */
const CHANNEL = { bytesPerSecond: 1024 * 1024 };

/**
 * What is said to and by one QEMU, over whatever connections it has now. The machine protocol is greeted with
 * `qmp_capabilities`, which switches events on, and with `opening`, before QEMU has read either: no round trip is spent,
 * and no event missed.
 */
export class QemuTalk {
  readonly #listener: VmListener;
  readonly #opening: string[];
  #channel: Duplex | undefined;
  #qmp: Duplex | undefined;

  constructor(listener: VmListener, opening: readonly string[]) {
    this.#listener = listener;
    this.#opening = [...opening];
  }

  connect(id: Meeting, stream: Duplex): void {
    switch (id) {
      case 'console':
        deliverThrottled(stream, CONSOLE, (chunk) => this.#listener.console(chunk));
        return;
      case 'channel':
        this.#channel = stream;
        deliverThrottled(stream, CHANNEL, (chunk) => this.#listener.channel(chunk));
        return;
      case 'qmp':
        this.#qmp = stream;
        followQmp(stream, this.#listener);
        return ['qmp_capabilities', ...this.#opening].forEach((command) => this.say(command));
    }
  }

  /** Now, or as soon as there is someone to hear it. */
  sayFirst(command: string): void {
    this.#opening.push(command);
    this.say(command);
  }

  say(command: string): void {
    if (this.#qmp?.writable) this.#qmp.write(qmpCommand(command));
  }

  /** False when the guest reads too slowly, and the frame was dropped whole. */
  send(frame: Uint8Array): boolean {
    const channel = this.#channel;
    if (!channel?.writable || channel.writableLength > MAX_UNSENT_BYTES) return false;
    channel.write(frame);
    return true;
  }
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
  // The answer to query-status, which is asked of a guest that nobody watched for a while.
  if (message.kind === 'answer') return message.running === false ? { kind: 'paused' } : undefined;
  if (message.kind !== 'event') return undefined;
  switch (message.name) {
    case 'RESUME':
      return { kind: 'resumed' };
    case 'STOP':
      return { kind: 'paused' };
    case 'SHUTDOWN':
      return { kind: 'shutdown', reason: String(message.data['reason']) };
    case 'GUEST_PANICKED':
      return { kind: 'panicked', detail: 'the guest reported a panic' };
    default:
      return undefined;
  }
}
