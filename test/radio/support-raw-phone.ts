import { setTimeout as sleep } from 'node:timers/promises';
import { Air } from '../../src/air/index.js';
import type { Controller } from '../../src/air/index.js';

/** Longest wait for something that is to come. */
const PATIENCE_MS = 5_000;
/** How long to listen before saying that no answer comes. */
const SILENCE_MS = 150;
const CHANNEL_ATT = 4;

/** An air that remembers who is on it, so that a test can speak as the gateway's controller. */
export class TappedAir extends Air {
  readonly attached: Controller[] = [];
  readonly #losses = new Map<Controller, (reason: string) => void>();

  override attach(): Controller {
    const controller = super.attach();
    controller.onLost = (listener?: (reason: string) => void) => {
      if (listener !== undefined) this.#losses.set(controller, listener);
    };
    this.attached.push(controller);
    return controller;
  }

  /** As when somebody pulls the adapter out. */
  unplug(controller: Controller | undefined): void {
    if (controller === undefined) return;
    controller.close();
    this.#losses.get(controller)?.('No such device');
  }
}

type Heard = (packet: Buffer) => boolean;

/** A phone without a stack: speaks raw HCI, L2CAP and ATT, right or wrong. */
export class RawPhone implements Disposable {
  readonly controller: Controller;
  readonly received: Buffer[] = [];
  handle: number | undefined;
  readonly #waiting = new Set<{ readonly heard: Heard; readonly resolve: (packet: Buffer) => void }>();

  constructor(air: Air) {
    this.controller = air.attach();
    this.controller.onPacket((packet) => {
      if (packet[0] === 4 && packet[1] === 5) this.handle = undefined;
      if (packet[0] === 2) this.received.push(packet);
      for (const waiter of this.#waiting) {
        if (!waiter.heard(packet)) continue;
        this.#waiting.delete(waiter);
        waiter.resolve(packet);
      }
    });
    this.command(0x0c03);
  }

  [Symbol.dispose](): void {
    this.controller.close();
  }

  /** Scans for the first one that advertises, and connects to it. */
  async connect(): Promise<void> {
    this.command(0x200b, '00100010000000');
    this.command(0x200c, '0100');
    const report = await this.#next(
      (packet) => packet[0] === 4 && packet[1] === 0x3e && packet[3] === 2,
      'a report',
    );
    this.command(0x200c, '0000');
    const address = report.toString('hex', 7, 13);
    const connected = this.#next(
      (packet) => packet[0] === 4 && packet[1] === 0x3e && packet[3] === 1,
      'a connection',
    );
    this.command(0x200d, `600030000000${address}000600060000002a0000000000`);
    this.handle = (await connected).readUInt16LE(5);
  }

  async disconnect(): Promise<void> {
    const gone = this.disconnected();
    this.command(0x0406, `${this.#handleHex()}13`);
    await gone;
  }

  async disconnected(): Promise<void> {
    await this.#next((packet) => packet[0] === 4 && packet[1] === 5, 'the end of the connection');
  }

  command(opcode: number, parameters = ''): void {
    const bytes = Buffer.from(parameters, 'hex');
    this.controller.send(Buffer.concat([Buffer.of(1, opcode & 0xff, opcode >> 8, bytes.length), bytes]));
  }

  /** One ACL packet; `boundary` 0 begins, 1 continues. */
  acl(hex: string, boundary = 0): void {
    const data = Buffer.from(hex, 'hex');
    const head = Buffer.alloc(5);
    head[0] = 2;
    head.writeUInt16LE((this.handle ?? 0) | (boundary << 12), 1);
    head.writeUInt16LE(data.length, 3);
    this.controller.send(Buffer.concat([head, data]));
  }

  l2cap(channel: number, hex: string): void {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(hex.length / 2, 0);
    head.writeUInt16LE(channel, 2);
    this.acl(head.toString('hex') + hex);
  }

  /** The answer to a request, as hex. */
  async att(request: string): Promise<string> {
    const answer = this.#next((packet) => packet[0] === 2 && packet[9] !== 0x1b, `an answer to ${request}`);
    this.l2cap(CHANNEL_ATT, request);
    return (await answer).toString('hex', 9);
  }

  /** Packets that come within a while: none, it is hoped. */
  async silence(): Promise<readonly string[]> {
    const before = this.received.length;
    await sleep(SILENCE_MS);
    return this.received.slice(before).map((packet) => packet.toString('hex'));
  }

  async #next(heard: Heard, what: string): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.add({ heard, resolve });
        timer = setTimeout(() => reject(new Error(`${what} did not come`)), PATIENCE_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #handleHex(): string {
    const handle = this.handle ?? 0;
    return Buffer.of(handle & 0xff, handle >> 8).toString('hex');
  }
}
