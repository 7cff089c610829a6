import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BlenoDriver } from '../../../src/radio/index.js';
import { within } from './support-attacker.js';

export const NAME = 'Perigee attacked';
export const LABELS = { rising: 'Rising', constant: 'Constant', unknown: 'Unknown' };
export const CONSTANT = 12_345;
/** How much of what a gateway said when it ended is told. */
const LAST_WORDS = 600;

export interface Census {
  /** Of the heap and of buffers, after garbage was collected. */
  readonly bytes: number;
  readonly warnings: number;
  /** -1 when it does not advertise. */
  readonly centrals: number;
  /** The longest that its event loop stood still. */
  readonly pauseMs: number;
}

export type Order =
  | { readonly kind: 'inject'; readonly packets: readonly string[] }
  | { readonly kind: 'settle'; readonly packets: readonly string[] }
  | { readonly kind: 'invite'; readonly name: string }
  | { readonly kind: 'recorded' }
  | { readonly kind: 'census' };

export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'settled' }
  | { readonly kind: 'invited'; readonly invitation: string }
  | { readonly kind: 'recorded'; readonly packets: readonly string[] }
  | { readonly kind: 'census'; readonly census: Census };

type Answer<K extends Told['kind']> = Extract<Told, { readonly kind: K }>;

/** A gateway in a process of its own: what ends it is seen, and what it says is heard. */
export class AttackedGateway implements Disposable {
  readonly #child: ChildProcess;
  readonly #told = new EventEmitter();
  readonly #ended: Promise<never>;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-8192)));
    child.on('message', (told: Told) => this.#told.emit(told.kind, told));
    this.#ended = new Promise((_resolve, reject) => {
      child.once('exit', (code, signal) =>
        reject(
          new Error(`the gateway ended with ${signal ?? `status ${String(code)}`}: ${this.#lastWords()}`),
        ),
      );
    });
    this.#ended.catch(() => undefined);
  }

  static async start(driver: BlenoDriver, airSocket: string, defect: string): Promise<AttackedGateway> {
    const fixture = fileURLToPath(new URL('fixture-attacked-gateway.js', import.meta.url));
    const child = fork(fixture, [driver, airSocket, defect], {
      ...{ execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
      env: { ...process.env, BLENO_ADVERTISING_INTERVAL: '20' },
    });
    const gateway = new AttackedGateway(child);
    await gateway.#heard('ready');
    return gateway;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  /** Rejects when the process has ended. */
  get ended(): Promise<never> {
    return this.#ended;
  }

  /** What its controller says to its host. */
  async inject(packets: readonly string[]): Promise<void> {
    await new Promise<void>((resolve) =>
      this.#child.send({ kind: 'inject', packets } satisfies Order, () => resolve()),
    );
  }

  /** Its controller takes back the connections that it made up. */
  async settle(packets: readonly string[]): Promise<void> {
    await this.#ask({ kind: 'settle', packets }, 'settled');
  }

  async invite(name: string): Promise<string> {
    return (await this.#ask({ kind: 'invite', name }, 'invited')).invitation;
  }

  async recorded(): Promise<readonly string[]> {
    return (await this.#ask({ kind: 'recorded' }, 'recorded')).packets;
  }

  async census(): Promise<Census> {
    return (await this.#ask({ kind: 'census' }, 'census')).census;
  }

  async #ask<K extends Told['kind']>(order: Order, answer: K): Promise<Answer<K>> {
    this.#child.send(order);
    return this.#heard(answer);
  }

  async #heard<K extends Told['kind']>(kind: K): Promise<Answer<K>> {
    const heard = once(this.#told, kind) as Promise<[Answer<K>]>;
    const [told] = await Promise.race([within(heard, `the gateway's word (${kind})`), this.#ended]);
    return told;
  }

  #lastWords(): string {
    const error = /^\w*Error.*$[\s\S]*/m.exec(this.#said)?.[0] ?? this.#said;
    return error.trim().slice(0, LAST_WORDS);
  }
}
