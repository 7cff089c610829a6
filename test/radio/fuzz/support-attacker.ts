import { EventEmitter, once } from 'node:events';
import { joinAir } from '../../../src/air/index.js';
import type { HciTransport } from '../../../src/air/index.js';
import { l2cap, CHANNEL } from './support-messages.js';
import type { Message } from './support-messages.js';

/** What its controller holds at once. */
const BUFFERS = 8;
/** Whoever answers nothing for so long never will, on however loaded a machine. */
const PATIENCE_MS = 20_000;

/** A phone without a stack, over the air of another process: sends what it likes as fast as its controller takes it. */
export class Attacker implements Disposable {
  readonly #transport: HciTransport;
  readonly #events = new EventEmitter();
  #handle: number | undefined;
  #address: string | undefined;
  #inFlight = 0;
  #reads = 0;

  constructor(transport: HciTransport) {
    this.#transport = transport;
    this.#events.setMaxListeners(0);
    transport.onPacket((packet) => this.#heard(packet));
    transport.onLost(() => {
      this.#handle = undefined;
      this.#events.emit('room');
    });
    this.#command(0x0c03);
  }

  static async join(socket: string): Promise<Attacker> {
    return new Attacker(await joinAir(socket));
  }

  [Symbol.dispose](): void {
    this.#transport.close();
  }

  get connected(): boolean {
    return this.#handle !== undefined;
  }

  /** To the first one that advertises, and later to the same one. */
  async connect(): Promise<void> {
    this.#address ??= await this.#findAddress();
    const connected = this.#next('connected', 'a connection');
    this.#command(0x200d, `600030000000${this.#address}000600060000002a0000000000`);
    await connected;
  }

  async leave(): Promise<void> {
    if (this.#handle === undefined) return;
    const gone = this.#next('gone', 'the end of the connection');
    this.#command(0x0406, `${le(this.#handle)}13`);
    await gone;
  }

  /** Nothing happens once the connection has ended. */
  async send({ begins, data }: Message & { readonly from: 'phone' }): Promise<void> {
    while (this.#inFlight >= BUFFERS && this.#handle !== undefined)
      await this.#next('room', 'room for a packet');
    if (this.#handle === undefined) return;
    this.#inFlight++;
    const head = Buffer.alloc(5);
    head[0] = 2;
    head.writeUInt16LE(this.#handle | (begins ? 0 : 0x1000), 1);
    head.writeUInt16LE(data.length, 3);
    this.#transport.send(Buffer.concat([head, data]));
  }

  /** Reads a part of the gateway's name: whether it answers with that, after whatever it still answers. */
  async reads(name: string): Promise<boolean> {
    // Another part each time, so that no answer to something else is taken for this one.
    const offset = 1 + (this.#reads++ % (name.length - 1));
    const value = `0d${Buffer.from(name.slice(offset)).toString('hex')}`;
    const heard = new Promise<boolean>((resolve) => {
      this.#events.on('answer', (answer) => answer === value && resolve(true));
      this.#events.once('gone', () => resolve(false));
    });
    await this.send({
      from: 'phone',
      begins: true,
      data: l2cap(CHANNEL.att, Buffer.of(0x0c, 3, 0, offset, 0)),
    });
    if (this.#handle === undefined) return false;
    try {
      return await within(heard, 'an answer to a read');
    } finally {
      this.#events.removeAllListeners('answer');
    }
  }

  async #findAddress(): Promise<string> {
    const reported = this.#next('report', 'a report');
    this.#command(0x200b, '00100010000000');
    this.#command(0x200c, '0100');
    const address = await reported;
    this.#command(0x200c, '0000');
    return address as string;
  }

  #heard(packet: Buffer): void {
    if (packet[0] === 2) this.#events.emit('answer', packet.toString('hex', 9));
    if (packet[0] !== 4) return;
    if (packet[1] === 0x3e && packet[3] === 2) this.#events.emit('report', packet.toString('hex', 7, 13));
    if (packet[1] === 0x3e && packet[3] === 1) {
      this.#handle = packet.readUInt16LE(5);
      this.#inFlight = 0;
      this.#events.emit('connected');
    }
    if (packet[1] === 0x13) {
      this.#inFlight -= packet.readUInt16LE(6);
      this.#events.emit('room');
    }
    if (packet[1] === 0x05) {
      this.#handle = undefined;
      this.#events.emit('gone');
      this.#events.emit('room');
    }
  }

  #command(opcode: number, parameters = ''): void {
    const bytes = Buffer.from(parameters, 'hex');
    this.#transport.send(Buffer.concat([Buffer.of(1, opcode & 0xff, opcode >> 8, bytes.length), bytes]));
  }

  async #next(event: string, what: string): Promise<unknown> {
    const ending = new AbortController();
    try {
      const [first] = (await within(once(this.#events, event, { signal: ending.signal }), what)) as unknown[];
      return first;
    } finally {
      ending.abort();
    }
  }
}

/** Rejects when nothing comes. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${what} did not come`)), PATIENCE_MS).unref();
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function le(handle: number): string {
  return Buffer.of(handle & 0xff, handle >> 8).toString('hex');
}
