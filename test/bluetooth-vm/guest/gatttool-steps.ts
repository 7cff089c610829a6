import assert from 'node:assert/strict';
import {
  decodePresentationFormat,
  DEVICE_INFORMATION,
  GATT_SERVICES,
  INFO_CHARACTERISTIC,
  metricUuid,
  PRESENTATION_FORMAT,
  RX_CHARACTERISTIC,
  TX_CHARACTERISTIC,
  USER_DESCRIPTION,
  utf8Text,
} from '@perigee/gatt';
import type { InvitationLink, KeyPair } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { ControlSession } from '../../../src/nearby/index.js';
import { newRunId, nodeCurve } from '../../../src/platform/index.js';
import { CENTRAL_ADAPTER, discover, Gatttool, type Discovered } from './gatttool.js';
import { UNSERVED } from './gateway.js';
import { done } from './programs.js';
import { pass, type Machine } from './step.js';

/** The GAP and GATT services, which every device serves. */
const GENERIC = ['1800', '1801'];
/** Of a declaration (Core specification, vol 3, part G, 3.3.1.1). */
const PROPERTY_BITS = { read: 0x02, writeWithoutResponse: 0x04, write: 0x08, notify: 0x10 };
/** What a configuration that names no metrics features. */
const FEATURED = 8;
const BIG_MTU = 247;

/** BlueZ as the phone: its own ATT client over the kernel's L2CAP, with no code of ours below a session. */
class Central implements AsyncDisposable {
  readonly machine: Machine;
  readonly keys: KeyPair = nodeCurve.generate();
  found: Discovered = { services: [], characteristics: [], descriptors: [] };
  gatewayKey: Uint8Array = new Uint8Array();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  handleOf(uuid: string): number {
    const handle = this.found.characteristics.find((each) => each.uuid === uuid)?.handle;
    assert(handle !== undefined, `no characteristic ${uuid} was discovered`);
    return handle;
  }

  session(
    tool: Gatttool,
    writes: 'commands' | 'requests',
    invitation?: InvitationLink,
  ): Promise<ControlSession> {
    const link = tool.control(this.handleOf(RX_CHARACTERISTIC), this.handleOf(TX_CHARACTERISTIC), writes);
    const { gatewayKey, keys } = this;
    const known = { curve: nodeCurve, keys, gatewayKey: invitation?.gatewayKey ?? gatewayKey };
    const credentials = invitation === undefined ? known : { ...known, invitation };
    return ControlSession.open(link, credentials).then(({ session }) => session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await done('hciconfig', CENTRAL_ADAPTER, 'down');
  }
}

async function begin(machine: Machine): Promise<Central> {
  await done('hciconfig', CENTRAL_ADAPTER, 'up');
  return new Central(machine);
}

export const gatttoolPass = pass(begin, [
  {
    claim: 'BlueZ discovers the services and characteristics of the contract, and no others',
    async show(central) {
      central.found = await discover();
      const { characteristics, services } = central.found;
      const ours = services.filter(({ uuid }) => !GENERIC.includes(uuid));
      const served = ours.map(({ first, last, uuid }) => [
        uuid,
        characteristics
          .filter(({ handle }) => handle > first && handle <= last)
          .map((each) => [each.uuid, each.properties]),
      ]);
      assert.deepEqual(Object.fromEntries(served), Object.fromEntries(contract()));
    },
  },
  {
    claim: 'BlueZ reads what the gateway says of itself, piece by piece at the smallest MTU',
    async show(central) {
      await using tool = await Gatttool.connect();
      const info = perigee.v1.GatewayInfo.decode(await tool.read(central.handleOf(INFO_CHARACTERISTIC)));
      const { gatewayId, version } = await central.machine.gateway.control.status();
      assert.deepEqual([info.gatewayId, info.version, info.publicKey.length], [gatewayId, version, 32]);
      const serial = await tool.read(central.handleOf(DEVICE_INFORMATION.serial));
      assert.equal(utf8Text(serial), gatewayId);
      central.gatewayKey = info.publicKey;
    },
  },
  {
    claim: 'BlueZ reads of each metric its name and its format',
    async show(central) {
      await using tool = await Gatttool.connect();
      const { descriptors } = central.found;
      const behind = (metric: number, uuid: string): number =>
        descriptors.find((each) => each.uuid === uuid && each.handle > metric)?.handle ?? 0;
      const names: string[] = [];
      for (let index = 0; index < FEATURED; index += 1) {
        const metric = central.handleOf(metricUuid(index));
        names.push(utf8Text(await tool.read(behind(metric, USER_DESCRIPTION))));
        const format = decodePresentationFormat(await tool.read(behind(metric, PRESENTATION_FORMAT)));
        assert(format !== undefined, `metric ${index} has a format`);
      }
      assert.deepEqual([names[2], new Set(names).size], ['CPU busy', FEATURED]);
    },
  },
  {
    claim: 'BlueZ is told why what it may not do is refused, and goes on',
    async show(central) {
      await using tool = await Gatttool.connect();
      const [metric, tx] = [central.handleOf(metricUuid(0)), central.handleOf(TX_CHARACTERISTIC)];
      const nothing = Uint8Array.of(0);
      await assert.rejects(tool.read(tx), /can't be read/);
      await assert.rejects(tool.write(tx, nothing), /can't be written/);
      await assert.rejects(tool.write(metric, nothing), /can't be written/);
      await assert.rejects(tool.read(0xfff0), /Invalid handle/);
      await assert.rejects(tool.write(central.handleOf(RX_CHARACTERISTIC), nothing), /failed/);
      assert.equal(await tool.agreeOnMtu(BIG_MTU), BIG_MTU);
      assert.equal((await tool.read(metric)).length, 4);
    },
  },
  {
    claim: 'BlueZ is notified of a metric that changes',
    async show(central) {
      await using tool = await Gatttool.connect();
      const values = new Set<string>();
      await new Promise<void>((resolve, reject) => {
        const heard = (value: Uint8Array): void => {
          values.add(Buffer.from(value).toString('hex'));
          if (values.size > 1) resolve();
        };
        tool.subscribe(central.handleOf(metricUuid(0)), heard).catch(reject);
      });
    },
  },
  {
    claim: 'BlueZ carries an enrolment and a run, from its acceptance to its end',
    async show(central) {
      const invitation = await central.machine.gateway.invite('Ann');
      await using tool = await Gatttool.connect();
      await tool.agreeOnMtu(BIG_MTU);
      const session = await central.session(tool, 'commands', invitation);
      assert.deepEqual((await session.enrol()).role, 'technician');
      const states: string[] = [];
      let end = '';
      for await (const notice of session.start({ runId: newRunId(), image: 'hello' })) {
        states.push(notice.state ?? '');
        end = notice.end ?? '';
      }
      assert.deepEqual([states[0], states.includes('reporting'), end], ['accepted', true, 'completed']);
    },
  },
  {
    claim: 'BlueZ carries a session by long writes at the smallest MTU, as the phone that enrolled',
    async show(central) {
      await using tool = await Gatttool.connect();
      const session = await central.session(tool, 'requests');
      const runs = await session.runs(10);
      assert(runs.some(({ image, state }) => image === 'hello' && state === 'ended'));
    },
  },
]);

/** The table as a discovery shows it: UUIDs, and the bits of their properties. */
function contract(): readonly (readonly [string, unknown])[] {
  return Object.values(GATT_SERVICES).map(({ characteristics, uuid }) => {
    const all: readonly Row[] = Object.values(characteristics);
    const rows = all.filter((row) => !UNSERVED.includes(row.uuid));
    const served = rows.flatMap((row) => {
      const bits = row.properties.reduce((sum, each) => sum | PROPERTY_BITS[each], 0);
      const uuids =
        row.count === undefined ? [row.uuid] : Array.from({ length: FEATURED }, (_, i) => metricUuid(i));
      return uuids.map((each) => [each, bits]);
    });
    return [uuid, served];
  });
}

interface Row {
  readonly uuid: string;
  readonly count?: number;
  readonly properties: readonly (keyof typeof PROPERTY_BITS)[];
}
