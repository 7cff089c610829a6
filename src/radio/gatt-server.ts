import { MAX_ATTRIBUTE_BYTES } from '@perigee/gatt';
import { assert, PerigeeError, reasonOf } from '../domain/index.js';
import type { GattCharacteristic, GattService, Logger } from '../domain/index.js';
import type { LoadedBleno } from './bleno-loader.js';
import { Conversations } from './conversations.js';
import { queuedFor } from './guard.js';
import { ATT_ERROR } from './malformed.js';

/** Notifications that may wait for one phone: the newest value is the one that counts, old ones only delay it. */
const MAX_QUEUED_NOTIFICATIONS = 8;
/** ATT has one request at a time; a phone that sends more without waiting gets no more than this. */
const MAX_PENDING_READS = 4;
const SUCCESS = 0x00;

/** One phone, from its connection to its end. Handles come back soon, so an answer belongs to this object. */
interface Connection {
  readonly handle: number;
  readonly subscriptions: Map<GattCharacteristic, (data: Buffer) => void>;
  pendingReads: number;
  /** The value that a long read began with: its later pieces come from the same one. */
  reading?: { readonly characteristic: GattCharacteristic; readonly value: Uint8Array };
}

type Answer = (result: number, data?: Buffer) => void;

/** Serves a GATT database through a guarded bleno: reads, subscriptions and notifications by connection. */
export class GattServer {
  readonly #loaded: LoadedBleno;
  readonly #logger: Logger;
  readonly #connections = new Map<number, Connection>();
  readonly #conversations: Conversations;
  #services: readonly GattService[] = [];

  constructor(loaded: LoadedBleno, logger: Logger) {
    this.#loaded = loaded;
    this.#logger = logger;
    this.#conversations = new Conversations(loaded);
  }

  serve(services: readonly GattService[]): void {
    const { bleno } = this.#loaded;
    this.#services = services;
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
    this.#conversations.left(handle);
    this.#connections.set(handle, { handle, subscriptions: new Map(), pendingReads: 0 });
  }

  /** False for a handle that nobody had. */
  disconnected(handle: number): boolean {
    this.#conversations.left(handle);
    return this.#connections.delete(handle);
  }

  /** The controller has sent something. */
  room(): void {
    this.#conversations.room();
  }

  get handles(): readonly number[] {
    return [...this.#connections.keys()];
  }

  notify(serviceUuid: string, characteristicUuid: string): void {
    const characteristic = this.#services
      .find(({ uuid }) => uuid === serviceUuid)
      ?.characteristics.find(({ uuid }) => uuid === characteristicUuid);
    assert(characteristic !== undefined, `the characteristic ${characteristicUuid} is served`);
    const listening = [...this.#connections.values()].filter(({ subscriptions }) =>
      subscriptions.has(characteristic),
    );
    if (listening.length === 0) return;
    this.#withValue(characteristic, (value) => {
      if (value === undefined) return;
      for (const connection of listening) this.#push(connection, characteristic, value);
    });
  }

  #push(connection: Connection, characteristic: GattCharacteristic, value: Uint8Array): void {
    const push = connection.subscriptions.get(characteristic);
    if (push === undefined || this.#connections.get(connection.handle) !== connection) return;
    if (queuedFor(this.#loaded.bleno._bindings._hci, connection.handle) >= MAX_QUEUED_NOTIFICATIONS) return;
    push(Buffer.from(value));
  }

  #characteristic(characteristic: GattCharacteristic): unknown {
    const { bleno } = this.#loaded;
    const handlers = this.#loaded.characteristicOptions({
      read: (handle, offset, answer) => this.#read(handle, characteristic, offset, answer),
      write: (_handle, _data, answer) => answer(ATT_ERROR.writeNotPermitted),
      subscribe: (handle, push) => this.#connections.get(handle)?.subscriptions.set(characteristic, push),
      unsubscribe: (handle) => this.#connections.get(handle)?.subscriptions.delete(characteristic),
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
    const fitting = (value: Uint8Array): Uint8Array => {
      assert(value.length <= MAX_ATTRIBUTE_BYTES, `the value of ${characteristic.uuid} fits an attribute`);
      return value;
    };
    const failed = (error: unknown): void => {
      this.#report(error);
      use(undefined);
    };
    let value: Uint8Array | Promise<Uint8Array>;
    try {
      const read = characteristic.read();
      value = read instanceof Uint8Array ? fitting(read) : read.then(fitting);
    } catch (error) {
      failed(error);
      return;
    }
    if (value instanceof Uint8Array) use(value);
    else void value.then(use, failed);
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
