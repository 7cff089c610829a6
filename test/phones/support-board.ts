import assert from 'node:assert/strict';
import { decodeInvitation } from '@perigee/gatt';
import type { KeyPair } from '@perigee/gatt';
import { Access } from '../../src/access/index.js';
import type { Air } from '../../src/air/index.js';
import type { GatewayControl, Store, TimeKeeper } from '../../src/domain/index.js';
import { ControlSession, openPhone } from '../../src/nearby/index.js';
import type { Phone, Visit } from '../../src/nearby/index.js';
import { createPhoneService } from '../../src/phones/index.js';
import { nodeCurve } from '../../src/platform/index.js';
import { buildAdvertisement, createRadio } from '../../src/radio/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { openLevelStore } from '../../src/store/index.js';
import type { ToolableStore } from '../../src/store/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { series } from '../store/support-store.js';
import { SILENT } from '../support/loggers.js';
import { random } from '../support/random.js';

export const SECONDS = 1500;
export const SERIES = Array.from({ length: 48 }, (_, number) =>
  series(`s${number}`, { place: '蔵 "é,\\{}=' }),
);
const START_MS = 1_700_000_000_000;

/** A gateway with a store on the disk, whose sessions go over an air. It can be started again. */
export class Board implements AsyncDisposable {
  readonly #air: Air;
  readonly #driver: BlenoDriver;
  readonly #directory: string;
  readonly #identity: KeyPair = nodeCurve.generate();
  /** Whom it knows, whatever becomes of the process. */
  readonly #known: Store = createMemoryStore();
  /** What ends with its process, the newest first. */
  readonly #running: (() => PromiseLike<void>)[] = [];
  readonly #phones: Phone[] = [];
  #store: ToolableStore | undefined;
  #access: Access | undefined;
  #seconds = 0;

  constructor(air: Air, driver: BlenoDriver, directory: string) {
    this.#air = air;
    this.#driver = driver;
    this.#directory = directory;
  }

  get store(): ToolableStore {
    return this.#store ?? assert.fail('it runs');
  }

  get nowMs(): number {
    return START_MS + this.#seconds * 1000;
  }

  async start(): Promise<void> {
    const time = { monotonicUs: () => Number(process.hrtime.bigint() / 1000n), wallMs: () => Date.now() };
    const board = { monotonicUs: () => 1e9 + this.#seconds * 1e6, wallMs: () => this.nowMs };
    const store = await openLevelStore({ directory: this.#directory, clock: board, logger: SILENT });
    this.#store = store;
    this.#running.unshift(() => store[Symbol.asyncDispose]());
    const gatewayKey = this.#identity.publicKey;
    this.#access = await Access.open({ store: this.#known.access, gatewayKey, clock: time, logger: SILENT });
    const phones = createPhoneService({
      ...{ curve: nodeCurve, identity: this.#identity, access: this.#access, history: store },
      ...{ control: {} as GatewayControl, time: {} as TimeKeeper, clock: time, logger: SILENT },
      gateway: { gatewayId: '0123456789abcdef', gatewayName: 'Board' },
    });
    this.#running.unshift(() => {
      phones[Symbol.dispose]();
      return Promise.resolve();
    });
    const air = { mode: 'virtual', driver: this.#driver, air: this.#air } as const;
    const radio = createRadio({ ...air, name: 'Board', logger: SILENT });
    this.#running.unshift(() => radio[Symbol.asyncDispose]());
    await radio.start([phones.service], buildAdvertisement('Board'));
  }

  /** Measures for so long, of values that people round. */
  async measure(seconds: number): Promise<void> {
    const chance = random(this.#seconds + 1);
    for (let left = seconds; left > 0; left -= 1) {
      this.#seconds += 1;
      const samples = SERIES.map((one) => ({ series: one, value: Math.round(chance() * 1000) / 100 }));
      const monotonicUs = 1e9 + this.#seconds * 1e6 - Math.floor(chance() * 400);
      await this.store.append({ monotonicUs, wallMs: this.nowMs, samples });
    }
  }

  /** Enrols a phone, and gives its way to the board. */
  async phone(name: string): Promise<() => Promise<Visit>> {
    const phone = await openPhone({ air: this.#air });
    this.#phones.push(phone);
    const invited = await this.#access?.invite({ name, role: 'viewer', mayEnrol: false, validMs: 60_000 });
    const invitation = decodeInvitation(invited?.link ?? '') ?? assert.fail('it is one');
    const keys = { curve: nodeCurve, keys: nodeCurve.generate(), gatewayKey: this.#identity.publicKey };
    const visit = async (first = false): Promise<Visit & { readonly session: ControlSession }> => {
      const connection = await phone.connect(await phone.find());
      const { session } = await ControlSession.open(connection, { ...keys, ...(first && { invitation }) });
      return { session, [Symbol.asyncDispose]: () => connection.disconnect() };
    };
    {
      await using here = await visit(true);
      await here.session.enrol();
    }
    return () => visit();
  }

  async stop(): Promise<void> {
    for (const end of this.#running.splice(0)) await end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const phone of this.#phones) await phone[Symbol.asyncDispose]();
    await this.stop();
  }
}
