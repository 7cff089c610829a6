import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { serveGuest } from '../../src/guestnet/index.js';
import { createSplitter, wrap } from '../../src/guestnet/framing.js';
import { systemClock } from '../../src/platform/index.js';
import type { Taking } from '../../src/runner/monitor.js';
import { ACK, FIN, RST, SYN, ip, readTcp, tcp, type TestSegment } from './support-guest.js';

const CHUNK_BYTES = 1000;

/** A guest on the far end of a cable that the gateway serves; some frames to it may be lost on the way. */
export class TestGuest implements AsyncDisposable {
  readonly cable: Duplex;
  readonly bodies: string[] = [];
  readonly #gateway: Duplex;
  readonly #segments: TestSegment[] = [];
  readonly #loses: () => boolean;
  #changed: () => void = () => undefined;
  #nextPort = 50_000;

  constructor(verdict: (text: string) => Taking, loses: () => boolean = () => false) {
    this.#loses = loses;
    [this.#gateway, this.cable] = duplexPair();
    const receive = serveGuest(this.#gateway, {
      clock: systemClock,
      lines: (text) => {
        this.bodies.push(text.toString());
        return verdict(text.toString());
      },
    });
    this.#gateway.on('data', receive);
    const split = createSplitter();
    this.cable.on('data', (chunk: Buffer) => {
      for (const frame of split(chunk)) this.#hear(Buffer.from(frame));
    });
  }

  /** Bytes that the gateway has for the guest, and cannot get rid of. */
  get held(): number {
    return this.#gateway.writableLength;
  }

  send(frame: Buffer): void {
    this.cable.write(wrap(frame));
  }

  /** What the gateway answers on one connection, until it closes that. */
  async converse(text: string): Promise<string> {
    const fromPort = this.#nextPort++;
    const say = (segment: Partial<TestSegment>): void => this.send(ip(6, tcp({ fromPort, ...segment })));
    const greet = (): void => say({ flags: SYN, sequence: 99 });
    greet();
    const greeting = await this.#segment(fromPort, greet);
    const bytes = Buffer.from(text);
    let [expected, acknowledged, window, sent, answer] = [
      greeting.sequence + 1,
      100,
      greeting.window,
      100,
      '',
    ];
    /** What is not acknowledged, as far as the gateway takes it. */
    const sendRest = (): void => {
      const end = Math.min(100 + bytes.length, acknowledged + window);
      for (sent = acknowledged; sent < end; sent = Math.min(end, sent + CHUNK_BYTES)) {
        const payload = bytes.subarray(sent - 100, Math.min(end, sent + CHUNK_BYTES) - 100);
        say({ sequence: sent, acknowledged: expected, payload });
      }
      if (acknowledged === end) say({ sequence: acknowledged, acknowledged: expected });
    };
    sendRest();
    for (;;) {
      const segment = await this.#segment(fromPort, sendRest);
      if ((segment.flags & RST) !== 0) return answer;
      acknowledged = Math.max(acknowledged, segment.acknowledged);
      window = segment.window;
      const fin = (segment.flags & FIN) !== 0;
      if (segment.sequence === expected && (segment.payload.length > 0 || fin)) {
        answer += segment.payload.toString();
        expected += segment.payload.length + (fin ? 1 : 0);
        say({ sequence: acknowledged, acknowledged: expected });
      }
      if (fin && segment.sequence + segment.payload.length + 1 === expected) break;
      if (acknowledged === sent && sent < 100 + bytes.length) sendRest();
    }
    say({ sequence: acknowledged, acknowledged: expected, flags: FIN | ACK });
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#gateway, 'close');
    this.cable.destroy();
    this.#gateway.destroy();
    await closed;
  }

  #hear(frame: Buffer): void {
    const segment = readTcp(frame);
    if (!segment || this.#loses()) return;
    this.#segments.push({ ...segment, payload: Buffer.from(segment.payload) });
    this.#changed();
  }

  /** The next one for this port; `again` whenever none has come for a while. */
  async #segment(port: number, again: () => void): Promise<TestSegment> {
    for (let tries = 0; tries < 100; tries += 1) {
      const index = this.#segments.findIndex(({ toPort }) => toPort === port);
      const [segment] = index < 0 ? [] : this.#segments.splice(index, 1);
      if (segment) return segment;
      const changed = new Promise<boolean>((resolve) => (this.#changed = () => resolve(true)));
      if (!(await Promise.race([changed, delay(200, false)]))) again();
    }
    throw new Error('the gateway says nothing more');
  }
}
