import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlenoDriver } from '../../../src/radio/index.js';
import { AttackedGateway, NAME } from './support-attacked.js';
import { Attacker } from './support-attacker.js';
import { aimed } from './support-messages.js';
import type { Message } from './support-messages.js';
import { Witness } from './support-witness.js';

/** One that serves a single phone lets the witness in between attacks: after so many of them. */
const ATTACKS_A_VISIT = 8;
/** What the gateway's controller calls the attacker's connection: the lowest number that is free. */
const HANDLE = { stoprocent: 0x41, abandonware: 0x40 } as const;
const ORDERS_AT_ONCE = 50;

export interface TrialOptions {
  readonly driver: BlenoDriver;
  /** A packet that holds these bytes, in hexadecimal, ends the gateway: to see that a defect is found. */
  readonly defect?: string;
}

/** A gateway, somebody who attacks it, and a witness to whom nothing may happen. */
export class Trial implements AsyncDisposable {
  readonly #driver: BlenoDriver;
  readonly #directory: string;
  readonly gateway: AttackedGateway;
  readonly witness: Witness;
  readonly #attacker: Attacker;
  #attacks = 0;

  private constructor(
    driver: BlenoDriver,
    directory: string,
    parts: { readonly gateway: AttackedGateway; readonly witness: Witness; readonly attacker: Attacker },
  ) {
    this.#driver = driver;
    this.#directory = directory;
    this.gateway = parts.gateway;
    this.witness = parts.witness;
    this.#attacker = parts.attacker;
  }

  static async open({ driver, defect = '' }: TrialOptions): Promise<Trial> {
    const directory = mkdtempSync(join(tmpdir(), 'perigee-attack-'));
    const socket = join(directory, 'air.sock');
    const gateway = await AttackedGateway.start(driver, socket, defect);
    const witness = await Witness.open(socket);
    const attacker = await Attacker.join(socket);
    const trial = new Trial(driver, directory, { gateway, witness, attacker });
    await trial.#alive(witness.connect());
    await trial.#alive(witness.look());
    return trial;
  }

  /** Before the attacks: how a phone that means well speaks, with everything that it can do. */
  async record(): Promise<readonly string[]> {
    await this.#alive(this.witness.visit(this.gateway, 'Ada'));
    return this.gateway.recorded();
  }

  /** Rejects when the gateway ends, hangs, or wrongs anybody. */
  async attack(messages: readonly Message[]): Promise<void> {
    if (this.#isAlone && this.#attacks === 0) await this.witness.disconnect();
    this.#attacks++;
    await this.#alive(this.#send(messages));
    if (this.#isAlone && this.#attacks % ATTACKS_A_VISIT === 0) await this.#alive(this.#visited());
    if (!this.#isAlone) await this.#alive(this.witness.look());
    const { warnings } = await this.gateway.census();
    assert.equal(warnings, 0, 'warnings of the process');
  }

  /** After the attacks: what a phone finds that comes then, and what they have left behind. */
  async aftermath(): Promise<void> {
    if (!this.#isAlone) await this.#alive(this.witness.disconnect());
    await this.#alive(this.witness.connect());
    await this.#alive(this.witness.look());
    await this.#alive(this.witness.visit(this.gateway, 'Bob'));
    await this.#alive(this.witness.disconnect());
    const { centrals } = await this.gateway.census();
    assert.equal(centrals, 0, 'phones that it believes are connected');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attacker[Symbol.dispose]();
    await this.witness[Symbol.asyncDispose]();
    this.gateway[Symbol.dispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #isAlone(): boolean {
    return this.#driver === 'abandonware';
  }

  async #send(messages: readonly Message[]): Promise<void> {
    const attacker = this.#attacker;
    const injected: string[] = [];
    let waiting: string[] = [];
    if (!attacker.connected) await attacker.connect();
    for (const message of messages) {
      if (message.from === 'controller') {
        waiting.push(aimed(message.packet, HANDLE[this.#driver]).toString('hex'));
        if (waiting.length < ORDERS_AT_ONCE) continue;
        injected.push(...waiting);
        await this.gateway.inject(waiting);
        waiting = [];
      } else {
        // Who takes no answers may be disconnected, and comes again, unless the controller has given his place away.
        if (!attacker.connected && injected.length + waiting.length === 0) await attacker.connect();
        await attacker.send(message);
      }
    }
    injected.push(...waiting);
    await this.gateway.inject(waiting);
    if (injected.length > 0) await this.gateway.settle(injected);
    // A controller may say that the attacker has left, or that there was a reset: only phones find the link as it was.
    else if (attacker.connected) await attacker.reads(NAME);
    await attacker.leave();
    await attacker.connect();
    assert.equal(await attacker.reads(NAME), true, 'the next connection is served');
    await attacker.leave();
  }

  async #visited(): Promise<void> {
    await this.witness.connect();
    await this.witness.look();
    await this.witness.disconnect();
  }

  async #alive<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.gateway.ended]);
  }
}
