import { MAX_ATTRIBUTE_BYTES } from '@perigee/gatt';
import { assert, PerigeeError, reasonOf } from '../domain/index.js';
import type { GattCharacteristic, GattService, Logger } from '../domain/index.js';
import type { LoadedBleno } from './bleno-loader.js';
import { Conversations } from './conversations.js';
import type { Idlers } from './idlers.js';
import { ATT_ERROR } from './malformed.js';
import type { SendQueue } from './send-queue.js';

/** Notifications that may wait for one phone: the newest value is the one that counts, old ones only delay it. */
const MAX_QUEUED_NOTIFICATIONS = 8;
/** ATT has one request at a time; a phone that sends more without waiting gets no more than this. */
const MAX_PENDING_READS = 4;
const SUCCESS = 0x00;

/** One phone, from its connection to its end. Handles come back soon, so an answer belongs to this object. */
interface Connection {
  pendingReads: number;
  /** The value that a long read began with: its later pieces come from the same one. */
  reading?: { readonly characteristic: GattCharacteristic; readonly value: Uint8Array };
}

type Push = (data: Buffer) => void;
type Answer = (result: number, data?: Buffer) => void;

/** Serves a GATT database through a guarded bleno: reads, subscriptions and notifications by connection. */
export class GattServer {
  readonly #loaded: LoadedBleno;
  readonly #logger: Logger;
  readonly #queue: Pick<SendQueue, 'waiting'>;
  readonly #connections = new Map<number, Connection>();
  readonly #subscriptions = new Map<GattCharacteristic, Map<number, Push>>();
  readonly #conversations: Conversations;
  readonly #idlers: Idlers;
  #served: ReadonlyMap<string, ReadonlyMap<string, GattCharacteristic>> = new Map();

  constructor(
    loaded: LoadedBleno,
    { idlers, logger, queue }: { idlers: Idlers; logger: Logger; queue: Pick<SendQueue, 'waiting'> },
  ) {
    this.#loaded = loaded;
    this.#idlers = idlers;
    this.#queue = queue;
    this.#logger = logger;
    this.#conversations = new Conversations(loaded, queue, idlers);
  }

  serve(services: readonly GattService[]): void {
    const { bleno } = this.#loaded;
    this.#served = new Map(
      services.map(({ uuid, characteristics }) => [
        uuid,
        new Map(characteristics.map((each) => [each.uuid, each])),
      ]),
    );
    bleno.setServices(
      services.map(
        ({ uuid, characteristics, conversation }) =>
          new bleno.PrimaryService({
            uuid,
            characteristics: [
              ...characteristics.map((each) => this.#characteristic(each)),
              ...(conversation === undefined ? [] : this.#conversations.characteristics(conversation)),
            ],
          }),
      ),
    );
  }

  connected(handle: number): void {
    this.#left(handle);
    this.#connections.set(handle, { pendingReads: 0 });
    this.#idlers.connected(handle);
  }

  /** False for a handle that nobody had. */
  disconnected(handle: number): boolean {
    this.#left(handle);
    return this.#connections.delete(handle);
  }

  #left(handle: number): void {
    this.#conversations.left(handle);
    this.#idlers.left(handle);
    for (const pushes of this.#subscriptions.values()) pushes.delete(handle);
  }

  /** The controller has sent something. */
  room(): void {
    this.#conversations.room();
  }

  get handles(): readonly number[] {
    return [...this.#connections.keys()];
  }

  /** Whether it has subscribed to something. Who has a conversation and no session is let go by its listener. */
  isSubscribed(handle: number): boolean {
    return (
      this.#conversations.has(handle) ||
      [...this.#subscriptions.values()].some((pushes) => pushes.has(handle))
    );
  }

  notify(serviceUuid: string, characteristicUuid: string): void {
    const characteristic = this.#served.get(serviceUuid)?.get(characteristicUuid);
    assert(characteristic !== undefined, `the characteristic ${characteristicUuid} is served`);
    const pushes = this.#subscriptions.get(characteristic);
    if (pushes === undefined || pushes.size === 0) return;
    this.#withValue(characteristic, (value) => {
      if (value === undefined) return;
      // No copy: the driver makes one for each packet.
      const data = Buffer.from(value.buffer, value.byteOffset, value.length);
      for (const [handle, push] of pushes) if (this.#hasRoom(handle)) push(data);
    });
  }

  #hasRoom(handle: number): boolean {
    return this.#queue.waiting(handle) < MAX_QUEUED_NOTIFICATIONS;
  }

  #characteristic(characteristic: GattCharacteristic): unknown {
    const { bleno } = this.#loaded;
    const pushes = new Map<number, Push>();
    this.#subscriptions.set(characteristic, pushes);
    const handlers = this.#loaded.characteristicOptions({
      read: (handle, offset, answer) => this.#read(handle, characteristic, offset, answer),
      write: (_handle, _data, answer) => answer(ATT_ERROR.writeNotPermitted),
      subscribe: (handle, push) => {
        if (this.#connections.has(handle)) pushes.set(handle, push);
      },
      unsubscribe: (handle) => {
        if (pushes.delete(handle)) this.#idlers.used(handle);
      },
    });
    const descriptors = characteristic.descriptors.map(
      ({ uuid, value }) => new bleno.Descriptor({ uuid, value: Buffer.from(value) }),
    );
    return new bleno.Characteristic({
      ...handlers,
      uuid: characteristic.uuid,
      properties: characteristic.properties,
      descriptors,
    });
  }

  #read(handle: number, characteristic: GattCharacteristic, offset: number, answer: Answer): void {
    const connection = this.#connections.get(handle);
    if (connection === undefined) return;
    this.#idlers.used(handle);
    if (offset > 0 && connection.reading?.characteristic === characteristic) {
      answerPart(connection.reading.value, offset, answer);
      return;
    }
    if (connection.pendingReads >= MAX_PENDING_READS) {
      answer(ATT_ERROR.insufficientResources);
      return;
    }
    connection.pendingReads++;
    this.#withValue(characteristic, (value) => {
      connection.pendingReads--;
      // A late answer would go to whoever has the handle now.
      if (this.#connections.get(handle) !== connection) return;
      if (value === undefined) {
        answer(ATT_ERROR.unlikely);
        return;
      }
      connection.reading = { characteristic, value };
      answerPart(value, offset, answer);
    });
  }

  /** At once where the value is there: most are. Undefined when it cannot be had. */
  #withValue(characteristic: GattCharacteristic, use: (value: Uint8Array | undefined) => void): void {
    const failed = (error: unknown): void => {
      this.#report(error);
      use(undefined);
    };
    let value: Uint8Array | Promise<Uint8Array>;
    try {
      value = characteristic.read();
      if (value instanceof Uint8Array) mustFit(characteristic, value);
    } catch (error) {
      failed(error);
      return;
    }
    if (value instanceof Uint8Array) use(value);
    else value.then((late) => mustFit(characteristic, late)).then(use, failed);
  }

  #report(error: unknown): void {
    if (error instanceof PerigeeError) {
      this.#logger.warn(
        { code: error.code, reason: error.message },
        'a phone read a value that cannot be had now',
      );
      return;
    }
    // We failed. The guard around the driver's code must not take that for a malformed packet.
    queueMicrotask(() => {
      throw error instanceof Error ? error : new Error(reasonOf(error));
    });
  }
}

function answerPart(value: Uint8Array, offset: number, answer: Answer): void {
  if (offset > value.length) answer(ATT_ERROR.invalidOffset);
  else answer(SUCCESS, Buffer.from(value.subarray(offset)));
}

function mustFit({ uuid }: GattCharacteristic, value: Uint8Array): Uint8Array {
  assert(value.length <= MAX_ATTRIBUTE_BYTES, `the value of ${uuid} fits an attribute`);
  return value;
}
