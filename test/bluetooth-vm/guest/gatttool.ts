import { readdir } from 'node:fs/promises';
import type { ControlLink, GatewayConnection } from '../../../src/nearby/index.js';
import { GATEWAY_ADDRESS } from './gateway.js';
import { Conversation, done, said } from './programs.js';
import { eventually } from './step.js';

/** The second controller, up in the kernel: BlueZ's own stack uses it. */
export const CENTRAL_ADAPTER = 'hci1';
const TARGET = ['-i', CENTRAL_ADAPTER, '-b', GATEWAY_ADDRESS];
const ADAPTERS = '/sys/class/bluetooth';
/** The kernel lists links beside adapters, by their handles. */
const LINK = /^hci1:(\d+)$/;
const PROMPT = /\[[0-9A-F:]{17}\]\[LE\]> ?/g;
const SUBSCRIBED = Uint8Array.of(1, 0);
const BLUETOOTH_BASE = /^0000([0-9a-f]{4})00001000800000805f9b34fb$/;
/** Of a write or a notification: opcode and handle. */
const ATT_HEAD_BYTES = 3;
const SMALLEST_MTU = 23;

interface Characteristic {
  readonly uuid: string;
  readonly properties: number;
  /** Of its value. */
  readonly handle: number;
}

export interface Discovered {
  readonly services: readonly { readonly uuid: string; readonly first: number; readonly last: number }[];
  readonly characteristics: readonly Characteristic[];
  readonly descriptors: readonly { readonly uuid: string; readonly handle: number }[];
}

/** One connection for each of the three questions, as the tool has it. UUIDs as gatt/ writes them. */
export async function discover(): Promise<Discovered> {
  const ask = async (what: string): Promise<string> =>
    eventually(() => done('gatttool', ...TARGET, `--${what}`));
  const services = matches(await ask('primary'), /handle = 0x(\w+), end grp handle = 0x(\w+) uuid: (\S+)/g);
  const characteristics = matches(
    await ask('characteristics'),
    /properties = 0x(\w+), char value handle = 0x(\w+), uuid = (\S+)/g,
  );
  const descriptors = matches(await ask('char-desc'), /handle = 0x(\w+), uuid = (\S+)/g);
  await endLink();
  return {
    services: services.map(([first, last, uuid]) => ({
      uuid: short(uuid),
      first: hex(first),
      last: hex(last),
    })),
    characteristics: characteristics.map(([properties, handle, uuid]) => ({
      ...{ uuid: short(uuid), properties: hex(properties), handle: hex(handle) },
    })),
    descriptors: descriptors.map(([handle, uuid]) => ({ uuid: short(uuid), handle: hex(handle) })),
  };
}

/** A connection of BlueZ's ATT client, through the kernel's L2CAP. Rejects with BlueZ's words. */
export class Gatttool implements AsyncDisposable {
  readonly #tool: Conversation;
  readonly #heard = new Map<number, (value: Uint8Array) => void>();
  #mtu = SMALLEST_MTU;

  private constructor() {
    this.#tool = new Conversation('gatttool', [...TARGET, '-I'], PROMPT, (line) => this.#listen(line));
  }

  static async connect(): Promise<Gatttool> {
    return eventually(async () => {
      const tool = new Gatttool();
      try {
        await tool.#tool.ask('connect', /^Connection successful/, /Error|connect error/);
        return tool;
      } catch (error) {
        await tool[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  async agreeOnMtu(mtu: number): Promise<number> {
    const [, agreed] = await this.#tool.ask(`mtu ${mtu}`, /MTU was exchanged successfully: (\d+)/, /Error/);
    this.#mtu = Number(agreed);
    return this.#mtu;
  }

  /** The whole value, by as many Read Blob requests as it takes. */
  async read(handle: number): Promise<Uint8Array> {
    const answer = /^Characteristic value\/descriptor: ?(.*)$/;
    const [, value] = await this.#tool.ask(`char-read-hnd ${handleText(handle)}`, answer, /Error|failed/);
    return new Uint8Array(Buffer.from((value ?? '').replaceAll(' ', ''), 'hex'));
  }

  /** With a response; prepared piece by piece where it is longer than a packet. */
  async write(handle: number, value: Uint8Array): Promise<void> {
    const command = `char-write-req ${handleText(handle)} ${Buffer.from(value).toString('hex')}`;
    await this.#tool.ask(command, /was written successfully/, /Error|failed/);
  }

  /** Without a response. */
  send(handle: number, value: Uint8Array): void {
    this.#tool.say(`char-write-cmd ${handleText(handle)} ${Buffer.from(value).toString('hex')}`);
  }

  /** The configuration of a characteristic's notifications stands behind its value. */
  async subscribe(handle: number, heard: (value: Uint8Array) => void): Promise<void> {
    this.#heard.set(handle, heard);
    await this.write(handle + 1, SUBSCRIBED);
  }

  /** What a session of ours needs; `writes` is how fragments are sent. */
  control(rx: number, tx: number, writes: 'commands' | 'requests'): Link {
    const maxBytes = writes === 'commands' ? this.#mtu - ATT_HEAD_BYTES : LONG_WRITE_BYTES;
    return {
      broken: this.#tool.ended,
      openControl: async (heard): Promise<ControlLink> => {
        await this.subscribe(tx, heard);
        const write = async (fragment: Uint8Array): Promise<void> => {
          if (writes === 'requests') await this.write(rx, fragment);
          else this.send(rx, fragment);
        };
        return { maxBytes, write };
      },
    };
  }

  #listen(line: string): void {
    const [, handle = '', value = ''] = /^Notification handle = 0x(\w+) value: (.*)$/.exec(line) ?? [];
    this.#heard.get(hex(handle))?.(new Uint8Array(Buffer.from(value.replaceAll(' ', ''), 'hex')));
  }

  /** As a phone that goes out of reach: nothing is said. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tool[Symbol.asyncDispose]();
    await endLink();
  }
}

/** The kernel keeps a link for two seconds after its last user, and the next user would take over its MTU. */
async function endLink(): Promise<void> {
  await eventually(async () => {
    const handle = (await readdir(ADAPTERS)).map((name) => LINK.exec(name)?.[1]).find(Boolean);
    if (handle === undefined) return;
    await said('hcitool', '-i', CENTRAL_ADAPTER, 'ledc', handle);
    throw new Error(`the link ${handle} does not end`);
  }, 40);
}

type Link = Pick<GatewayConnection, 'broken' | 'openControl'>;

/** Several packets of the smallest MTU, and less than an attribute. */
const LONG_WRITE_BYTES = 200;

const hex = (text: string): number => Number.parseInt(text, 16);
const handleText = (handle: number): string => `0x${handle.toString(16).padStart(4, '0')}`;

function short(uuid: string): string {
  const digits = uuid.replaceAll('-', '');
  return BLUETOOTH_BASE.exec(digits)?.[1] ?? digits;
}

function matches(text: string, pattern: RegExp): readonly (readonly [string, string, string])[] {
  return [...text.matchAll(pattern)].map(([, a = '', b = '', c = '']) => [a, b, c]);
}
