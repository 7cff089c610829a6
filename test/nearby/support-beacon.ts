import { encodeBthome } from '@perigee/gatt';
import type { BthomeEntry } from '@perigee/gatt';
import type { HciTransport } from '../../src/air/index.js';

const RESET = 0x0c03;
const SET_PARAMETERS = 0x2006;
const SET_DATA = 0x2008;
const ENABLE = 0x200a;
/** Every 20 ms, not connectable. */
const PARAMETERS = '20002000030000000000000000' + '0700';

/** A thermometer of software: says in BTHome what it is told to. */
export class VirtualBeacon implements Disposable {
  readonly #transport: HciTransport;
  readonly address: string;

  constructor(transport: HciTransport & { readonly address: Buffer }) {
    this.#transport = transport;
    this.address = Buffer.from(transport.address)
      .reverse()
      .toString('hex')
      .replace(/..(?!$)/g, '$&:');
    this.#command(RESET, '');
    this.#command(SET_PARAMETERS, PARAMETERS);
  }

  [Symbol.dispose](): void {
    this.#transport.close();
  }

  say(entries: readonly BthomeEntry[], seal?: { readonly key: Uint8Array; readonly counter: number }): void {
    const bthome = encodeBthome(entries, seal && { ...seal, address: this.address });
    const data = Buffer.from(bthome).toString('hex');
    this.sayRaw(`020106${byte(3 + bthome.length)}16d2fc${data}`);
  }

  sayRaw(data: string): void {
    this.#command(SET_DATA, byte(data.length / 2) + data.padEnd(62, '0'));
    this.#command(ENABLE, '01');
  }

  #command(opcode: number, parameters: string): void {
    const bytes = Buffer.from(parameters, 'hex');
    this.#transport.send(Buffer.concat([Buffer.of(1, opcode & 0xff, opcode >> 8, bytes.length), bytes]));
  }
}

function byte(value: number): string {
  return Buffer.of(value).toString('hex');
}
