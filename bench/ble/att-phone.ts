import { uuidBytes } from '@perigee/gatt';
import type { HciTransport } from '../../src/air/index.js';
import { assert } from '../../src/domain/index.js';

const PACKET = { command: 0x01, acl: 0x02, event: 0x04 } as const;
const EVENT = { disconnected: 0x05, le: 0x3e } as const;
const LE_CONNECTED = 0x01;
const LE_REPORT = 0x02;
const CHANNEL_ATT = 4;
const ATT = { mtu: 0x02, readByType: 0x08, read: 0x0a, write: 0x12, notification: 0x1b } as const;
const MTU = 247;
const CHARACTERISTIC = '2803';
/** Nothing in a bench takes longer. */
const PATIENCE_MS = 10_000;

/** The least that a phone can be: HCI, L2CAP and ATT over a transport, one request at a time. What it costs is nothing beside a stack. */
export class AttPhone implements Disposable {
  readonly #transport: HciTransport;
  #waiting:
    { readonly fits: (packet: Buffer) => boolean; readonly resolve: (packet: Buffer) => void } | undefined;
  #handle = 0;
  /** Of the gateway, once it was heard. */
  #address: string | undefined;
  /** Values that came, and their bytes. */
  notifications = 0;
  bytes = 0;

  constructor(transport: HciTransport) {
    this.#transport = transport;
    transport.onPacket((packet) => this.#take(packet));
    this.#command(0x0c03, '');
  }

  [Symbol.dispose](): void {
    this.#transport.close();
  }

  /** To the only one that advertises; the first time it is looked for. Agrees on the MTU. */
  async connect(): Promise<void> {
    this.#address ??= await this.#look();
    const [head, tail] = ['600030000000', '000600060000002a0000000000'];
    const connected = this.#next(isLe(LE_CONNECTED));
    this.#command(0x200d, `${head}${this.#address}${tail}`);
    this.#handle = (await connected).readUInt16LE(5);
    await this.request(Buffer.of(ATT.mtu, MTU & 0xff, MTU >> 8));
  }

  async disconnect(): Promise<void> {
    const gone = this.#next((packet) => packet[0] === PACKET.event && packet[1] === EVENT.disconnected);
    this.#command(0x0406, `${u16(this.#handle).toString('hex')}13`);
    await gone;
  }

  /** Of the characteristic's value. */
  async handleOf(uuid: string): Promise<number> {
    const wanted = Buffer.from(uuidBytes(uuid));
    for (let from = 1; ;) {
      const type = Buffer.from(uuidBytes(CHARACTERISTIC));
      const answer = await this.request(
        Buffer.concat([Buffer.of(ATT.readByType), u16(from), u16(0xffff), type]),
      );
      assert(answer[0] === ATT.readByType + 1, `the gateway serves ${uuid}`);
      const length = answer.readUInt8(1);
      for (let at = 2; at < answer.length; at += length) {
        from = answer.readUInt16LE(at + 3);
        if (answer.subarray(at + 5, at + length).equals(wanted)) return from;
      }
    }
  }

  async subscribe(handle: number): Promise<void> {
    await this.write(handle + 1, Buffer.of(1, 0));
  }

  async write(handle: number, value: Uint8Array): Promise<void> {
    await this.request(Buffer.concat([Buffer.of(ATT.write), u16(handle), value]));
  }

  async read(handle: number): Promise<Buffer> {
    return this.request(Buffer.concat([Buffer.of(ATT.read), u16(handle)]));
  }

  /** The answer, whatever it is. */
  async request(pdu: Buffer): Promise<Buffer> {
    const answer = this.#next((packet) => packet[0] === PACKET.acl);
    const l2cap = Buffer.concat([u16(pdu.length), u16(CHANNEL_ATT), pdu]);
    this.#transport.send(Buffer.concat([Buffer.of(PACKET.acl), u16(this.#handle), u16(l2cap.length), l2cap]));
    return (await answer).subarray(9);
  }

  async #look(): Promise<string> {
    const report = this.#next(isLe(LE_REPORT));
    this.#command(0x200b, '00100010000000');
    this.#command(0x200c, '0100');
    const address = (await report).toString('hex', 7, 13);
    this.#command(0x200c, '0000');
    return address;
  }

  #take(packet: Buffer): void {
    if (packet[0] === PACKET.acl && packet[9] === ATT.notification) {
      this.notifications += 1;
      this.bytes += packet.length - 12;
    } else if (this.#waiting?.fits(packet) === true) this.#waiting.resolve(packet);
  }

  async #next(fits: (packet: Buffer) => boolean): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        this.#waiting = { fits, resolve };
        timer = setTimeout(() => reject(new Error('the gateway does not answer')), PATIENCE_MS);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #command(opcode: number, parameters: string): void {
    const bytes = Buffer.from(parameters, 'hex');
    this.#transport.send(
      Buffer.concat([Buffer.of(PACKET.command), u16(opcode), Buffer.of(bytes.length), bytes]),
    );
  }
}

function isLe(event: number): (packet: Buffer) => boolean {
  return (packet) => packet[0] === PACKET.event && packet[1] === EVENT.le && packet[3] === event;
}

function u16(value: number): Buffer {
  return Buffer.of(value & 0xff, value >> 8);
}
