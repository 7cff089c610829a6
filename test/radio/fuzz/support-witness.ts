import assert from 'node:assert/strict';
import { decodeInvitation } from '@perigee/gatt';
import { ControlSession, openPhone } from '../../../src/nearby/index.js';
import type { GatewayConnection, Phone } from '../../../src/nearby/index.js';
import { nodeCurve } from '../../../src/platform/index.js';
import { IDENTITY, INFO, TIME } from '../support-gateway.js';
import type { AttackedGateway } from './support-attacked.js';
import { CONSTANT, LABELS } from './support-attacked.js';

/** Degrees from which a value that rises and begins again has not come down. */
const HALF_WAY = 50;
const WHOLE_WAY = 100;

/** A phone that means well, with a stack of its own: what it is shown must be right, whatever others do. */
export class Witness implements AsyncDisposable {
  readonly #phone: Phone;
  #connection: GatewayConnection | undefined;
  #values: Promise<void> = Promise.resolve();
  reads = 0;
  notifications = 0;
  /** Rejects when it was shown something wrong. */
  #wronged: Promise<never> | undefined;

  private constructor(phone: Phone) {
    this.#phone = phone;
  }

  static async open(airSocket: string): Promise<Witness> {
    return new Witness(await openPhone({ airSocket }));
  }

  /** Connects, and listens to the values from then on. */
  async connect(): Promise<void> {
    const connection = await this.#phone.connect(await this.#phone.find());
    this.#connection = connection;
    this.#values = this.#listen(connection);
    this.#wronged = this.#values.then(() => new Promise<never>(() => undefined));
    this.#wronged.catch(() => undefined);
  }

  async disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.disconnect();
    await this.#values;
  }

  /** Everything that it can read, and a value or more of which it is notified. */
  async look(): Promise<void> {
    const connection = this.#connection ?? assert.fail('it is connected');
    await Promise.race([this.#read(connection), this.#wronged]);
    const before = this.notifications;
    while (this.notifications === before) await Promise.race([connection.readInfo(), this.#wronged]);
  }

  /** A session as a person has it: enrols, starts a run, reads how the gateway is. */
  async visit(gateway: AttackedGateway, name: string): Promise<void> {
    const connection = this.#connection ?? assert.fail('it is connected');
    const invitation = decodeInvitation(await gateway.invite(name)) ?? assert.fail('it is a link');
    const credentials = {
      ...{ curve: nodeCurve, keys: nodeCurve.generate() },
      ...{ gatewayKey: invitation.gatewayKey, invitation },
    };
    const { session, welcome } = await ControlSession.open(connection, credentials);
    assert.equal(welcome.name, name);
    assert.equal((await session.enrol()).role, 'technician');
    assert.equal((await session.state()).epoch, 7);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect().catch(() => undefined);
    await this.#phone[Symbol.asyncDispose]();
  }

  async #read(connection: GatewayConnection): Promise<void> {
    const metrics = await connection.readMetrics();
    assert.deepEqual(
      metrics.map(({ name }) => name.replace(/ \(.*/, '')),
      [LABELS.rising, LABELS.constant, LABELS.unknown],
    );
    assert.deepEqual([metrics[1]?.value, metrics[2]?.value], [CONSTANT, undefined]);
    assert.deepEqual(Buffer.from(await connection.readInfo()), INFO);
    assert.deepEqual(await connection.readDeviceInformation(), IDENTITY);
    assert.deepEqual(await connection.readTime(), TIME);
    this.reads += metrics.length + 6;
  }

  async #listen(connection: GatewayConnection): Promise<void> {
    let last: number | undefined;
    for await (const { name, value } of connection.values()) {
      assert.equal(name, LABELS.rising, 'the only one that changes');
      const rise = ((value ?? NaN) - (last ?? value ?? NaN) + WHOLE_WAY) % WHOLE_WAY;
      assert.ok(rise < HALF_WAY, `${String(last)} °C, and then ${String(value)} °C`);
      last = value;
      this.notifications++;
    }
  }
}
