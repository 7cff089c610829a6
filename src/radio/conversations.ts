import { MAX_ATTRIBUTE_BYTES } from '@perigee/gatt';
import type { GattConversation, GattLink, GattListener } from '../domain/index.js';
import type { LoadedBleno } from './bleno-loader.js';
import type { Idlers } from './idlers.js';
import { ATT_ERROR } from './malformed.js';
import type { SendQueue } from './send-queue.js';

/**
 * Packets that may wait for one phone beside what the controller holds: some connection events' worth, so that the link
 * never runs dry, and few, so that an answer to something else does not wait long behind them.
 */
const MAX_QUEUED_PACKETS = 16;
/** Of a notification: opcode and handle. */
const ATT_HEAD_BYTES = 3;

interface Running {
  readonly listener: GattListener;
  /** It was told that there is no room. */
  blocked: boolean;
}

/** The conversations that go on, one a connection and service: who left is forgotten at once. */
export class Conversations {
  readonly #loaded: LoadedBleno;
  readonly #queue: Pick<SendQueue, 'waiting'>;
  readonly #idlers: Idlers;
  readonly #running = new Map<number, Map<GattConversation, Running>>();

  constructor(loaded: LoadedBleno, queue: Pick<SendQueue, 'waiting'>, idlers: Idlers) {
    this.#loaded = loaded;
    this.#queue = queue;
    this.#idlers = idlers;
  }

  /** The two characteristics, for the driver. */
  characteristics(conversation: GattConversation): readonly unknown[] {
    const { bleno } = this.#loaded;
    const handlers = {
      read: (_handle: number, _offset: number, answer: (result: number) => void) =>
        answer(ATT_ERROR.readNotPermitted),
      write: (handle: number, data: Buffer, answer: (result: number) => void) =>
        answer(this.#write(handle, conversation, data)),
      subscribe: (handle: number, push: (data: Buffer) => void) => this.#begin(handle, conversation, push),
      unsubscribe: (handle: number) => this.#end(handle, conversation),
    };
    const made = (uuid: string, properties: readonly string[]): unknown =>
      new bleno.Characteristic({
        ...this.#loaded.characteristicOptions(handlers),
        uuid,
        properties,
        descriptors: [],
      });
    return [
      made(conversation.written, ['write', 'writeWithoutResponse']),
      made(conversation.notified, ['notify']),
    ];
  }

  has(handle: number): boolean {
    return (this.#running.get(handle)?.size ?? 0) > 0;
  }

  left(handle: number): void {
    for (const conversation of [...(this.#running.get(handle)?.keys() ?? [])])
      this.#end(handle, conversation);
    this.#running.delete(handle);
  }

  room(): void {
    for (const [handle, conversations] of this.#running) {
      for (const running of conversations.values()) {
        if (!running.blocked || this.#isFull(handle)) continue;
        running.blocked = false;
        guarded(() => running.listener.ready());
      }
    }
  }

  #begin(handle: number, conversation: GattConversation, push: (data: Buffer) => void): void {
    // A second subscription, as of an app that was started again, begins anew.
    this.#end(handle, conversation);
    const ours = this.#running.get(handle) ?? new Map<GattConversation, Running>();
    this.#running.set(handle, ours);
    let running: Running | undefined;
    const isOver = (): boolean => running !== undefined && ours.get(conversation) !== running;
    const maxBytes = (): number => this.#loaded.mtu(handle) - ATT_HEAD_BYTES;
    const link: GattLink = {
      // Forgotten when the phone leaves.
      connection: ours,
      get maxBytes() {
        return maxBytes();
      },
      send: (value) => {
        if (isOver()) return false;
        if (this.#isFull(handle)) {
          if (running !== undefined) running.blocked = true;
          return false;
        }
        push(Buffer.from(value));
        return true;
      },
      disconnect: () => {
        if (!isOver()) this.#loaded.bleno._bindings._hci.disconnect(handle);
      },
    };
    guarded(() => {
      running = { listener: conversation.begin(link), blocked: false };
      ours.set(conversation, running);
    });
  }

  #end(handle: number, conversation: GattConversation): void {
    const running = this.#running.get(handle)?.get(conversation);
    if (running === undefined) return;
    this.#running.get(handle)?.delete(conversation);
    guarded(() => running.listener.ended());
  }

  #write(handle: number, conversation: GattConversation, data: Buffer): number {
    const running = this.#running.get(handle)?.get(conversation);
    if (running === undefined) return ATT_ERROR.notSubscribed;
    this.#idlers.used(handle);
    let result: number = ATT_ERROR.unlikely;
    if (data.length <= MAX_ATTRIBUTE_BYTES)
      guarded(() => (result = running.listener.receive(new Uint8Array(data))));
    return result;
  }

  #isFull(handle: number): boolean {
    return this.#queue.waiting(handle) >= MAX_QUEUED_PACKETS;
  }
}

/** We failed, if it throws. The guard around the driver's code must not take that for a malformed packet. */
function guarded(act: () => void): void {
  try {
    act();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
