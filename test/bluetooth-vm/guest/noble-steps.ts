import assert from 'node:assert/strict';
import type { KeyPair } from '@perigee/gatt';
import { ControlSession, download, openPhone } from '../../../src/nearby/index.js';
import type { GatewayConnection, Phone, Visit } from '../../../src/nearby/index.js';
import { newRunId, nodeCurve } from '../../../src/platform/index.js';
import { GATEWAY_ADDRESS, GATEWAY_NAME } from './gateway.js';
import { eventually, pass, type Machine } from './step.js';

const CENTRAL_DEVICE = 1;
const FEATURED = 8;
/** Less than any snapshot. */
const FIRST_BYTES = 50;

/** The phone that `perigee nearby` is, in this process: noble over the kernel's user channel. */
class Central implements AsyncDisposable {
  readonly machine: Machine;
  readonly phone: Phone;
  readonly keys: KeyPair = nodeCurve.generate();
  gatewayKey: Uint8Array = new Uint8Array();

  constructor(machine: Machine, phone: Phone) {
    this.machine = machine;
    this.phone = phone;
  }

  /** The emulated air carries an advertisement once for each scan. */
  connect(): Promise<GatewayConnection> {
    return eventually(async () => this.phone.connect(await this.phone.find({ name: GATEWAY_NAME })));
  }

  async visit(): Promise<
    Visit & { readonly session: ControlSession; readonly connection: GatewayConnection }
  > {
    const connection = await this.connect();
    const { gatewayKey, keys } = this;
    const { session } = await ControlSession.open(connection, { curve: nodeCurve, keys, gatewayKey });
    return { session, connection, [Symbol.asyncDispose]: () => connection.disconnect() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.phone[Symbol.asyncDispose]();
  }
}

async function begin(machine: Machine): Promise<Central> {
  return new Central(machine, await openPhone({ hciDevice: CENTRAL_DEVICE }));
}

export const noblePass = pass(begin, [
  {
    claim: 'noble hears the gateway: its name, and what it says to everyone',
    async show({ phone }) {
      const found = await eventually(() => phone.find({ name: GATEWAY_NAME }));
      assert.deepEqual([found.address.toUpperCase(), found.isGateway], [GATEWAY_ADDRESS, true]);
      assert(found.bthome !== undefined, 'the advertisement holds BTHome values');
    },
  },
  {
    claim: 'noble reads what the gateway says of itself, and every metric by its description',
    async show(central) {
      const { machine } = central;
      await using connection = await central.connect();
      const { gatewayId } = await machine.gateway.control.status();
      const { model, serial } = await connection.readDeviceInformation();
      assert.deepEqual([model, serial], ['Gateway', gatewayId]);
      const metrics = await connection.readMetrics();
      assert.deepEqual([metrics.length, metrics[2]?.name], [FEATURED, 'CPU busy']);
      assert((await connection.readTime()) !== undefined, 'the clock was set');
    },
  },
  {
    claim: 'noble is notified of metrics that change',
    async show(central) {
      await using connection = await central.connect();
      const names = new Set<string>();
      for await (const { name } of connection.values()) if (names.add(name).size > 1) break;
    },
  },
  {
    claim: 'noble enrols, runs an image, and is told of it to its end',
    async show(central) {
      const invitation = await central.machine.gateway.invite('Bob');
      await using connection = await central.connect();
      const { gatewayKey } = invitation;
      const { session } = await ControlSession.open(connection, {
        ...{ curve: nodeCurve, keys: central.keys, gatewayKey, invitation },
      });
      await session.enrol();
      central.gatewayKey = gatewayKey;
      let end = '';
      for await (const notice of session.start({ runId: newRunId(), image: 'hello' })) end = notice.end ?? '';
      assert.equal(end, 'completed');
    },
  },
  {
    claim: 'a gateway that was killed comes back on the same adapter, and knows its phones and runs',
    async show(central) {
      const { gateway } = central.machine;
      const before = (await gateway.control.status()).epoch;
      await gateway.kill();
      await gateway.start();
      await gateway.untilAdvertising();
      await using here = await central.visit();
      assert.equal((await gateway.control.status()).epoch, before + 1);
      assert((await here.session.runs(10)).some(({ image }) => image === 'hello'));
    },
  },
  {
    claim: 'a transfer that is cut in the middle goes on where it was',
    async show(central) {
      let visits = 0;
      const bytes = await download(
        async () => {
          const here = await central.visit();
          visits += 1;
          return visits > 1 ? here : { ...here, session: cutShort(here) };
        },
        { series: {} },
      );
      assert(visits > 1 && bytes.length > 0, `${visits} visits for ${bytes.length} bytes`);
    },
  },
]);

/** Grants so little that the gateway has to wait, and no more, and loses the link with the first piece. */
function cutShort({ connection, session }: Awaited<ReturnType<Central['visit']>>): Visit['session'] {
  return {
    open: (what, options) => session.open(what, options),
    fetch: (receiver, options) => {
      const [begin, take] = [receiver.begin.bind(receiver), receiver.take.bind(receiver)];
      receiver.begin = (maxBytes) => {
        const credit = begin(maxBytes);
        return credit && { ...credit, until: Math.min(credit.until, credit.from + FIRST_BYTES) };
      };
      receiver.take = (piece) => {
        void connection.disconnect();
        const progress = take(piece);
        return progress.kind === 'going' ? { kind: 'going' } : progress;
      };
      return session.fetch(receiver, options).finally(() => Object.assign(receiver, { begin, take }));
    },
  };
}
