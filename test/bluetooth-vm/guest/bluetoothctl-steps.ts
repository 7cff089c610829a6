import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BTHOME_SERVICE,
  DEVICE_INFORMATION,
  GATT_SERVICES,
  INFO_CHARACTERISTIC,
  metricUuid,
  METRICS_SERVICE,
  RX_CHARACTERISTIC,
  TX_CHARACTERISTIC,
  utf8Text,
} from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { Bluetoothd, bluetoothctl, bytesOf, bytesText, call, characteristicPaths } from './bluetoothd.js';
import { GATEWAY_ADDRESS, GATEWAY_NAME, UNSERVED } from './gateway.js';
import type { Conversation } from './programs.js';
import { eventually, pass, type Machine } from './step.js';

const CENTRAL_ADDRESS = '00:AA:01:01:00:01';
const DEVICE = `/org/bluez/hci1/dev_${GATEWAY_ADDRESS.replaceAll(':', '_')}`;
/** For a report that comes at once or not at all. */
const SCAN_MS = 1_500;
const BLUETOOTH_BASE = '00001000800000805f9b34fb';

/** BlueZ's daemon as the phone: what a Linux desktop, Home Assistant or a browser on Linux stands on. */
class Central implements AsyncDisposable {
  readonly machine: Machine;
  readonly #daemon: Bluetoothd;
  readonly control: Conversation;
  readonly lines: string[] = [];
  #paths: ReadonlyMap<string, string> = new Map();

  private constructor(machine: Machine, daemon: Bluetoothd) {
    this.machine = machine;
    this.#daemon = daemon;
    this.control = bluetoothctl((line) => this.lines.push(line));
  }

  static async begin(machine: Machine): Promise<Central> {
    const central = new Central(machine, await Bluetoothd.start());
    await central.control.expect(/Agent registered/);
    await central.control.ask(`select ${CENTRAL_ADDRESS}`, /./);
    await central.control.ask('power on', /Changing power on succeeded/, /Failed/);
    return central;
  }

  /** The emulated air carries an advertisement once for each scan. */
  async scan(): Promise<void> {
    await eventually(async () => {
      await this.control.ask('scan le', /Discovery started/, /Failed/);
      await delay(SCAN_MS);
      await this.control.ask('scan off', /Discovery stopped/, /Failed/);
      await call(DEVICE, 'Device1.CancelPairing').catch((error: unknown) => {
        // It knows the device, then, and that nothing is paired.
        if (!String(error).includes('DoesNotExist')) throw error;
      });
    });
  }

  async connect(): Promise<void> {
    await eventually(() => call(DEVICE, 'Device1.Connect'));
    this.#paths = await eventually(async () => {
      const paths = await characteristicPaths();
      assert(paths.size > 0, 'nothing is discovered yet');
      return paths;
    }, 40);
  }

  pathOf(uuid: string): string {
    const path = this.#paths.get(uuid.length === 4 ? `0000${uuid}${BLUETOOTH_BASE}` : uuid);
    assert(path !== undefined, `no characteristic ${uuid} was discovered`);
    return path;
  }

  async read(uuid: string): Promise<Uint8Array> {
    return bytesOf(await call(this.pathOf(uuid), 'GattCharacteristic1.ReadValue', '{}'));
  }

  async write(uuid: string, value: Uint8Array): Promise<void> {
    const method = 'GattCharacteristic1.WriteValue';
    await call(this.pathOf(uuid), method, bytesText(value), "{'type': <'request'>}");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await call(DEVICE, 'Device1.Disconnect').catch(() => {
      // It was not connected, or never found.
    });
    await this.control.ask('power off', /Changing power off succeeded/, /Failed/);
    await this.control[Symbol.asyncDispose]();
    await this.#daemon[Symbol.asyncDispose]();
  }
}

export const bluetoothctlPass = pass(
  (machine) => Central.begin(machine),
  [
    {
      claim: 'a desktop finds the gateway by scanning: its name, its service, and what it says to everyone',
      async show(central) {
        await central.scan();
        central.lines.length = 0;
        await central.control.ask(`info ${GATEWAY_ADDRESS}`, /ServiceData Key/);
        const info = central.lines.join('\n');
        assert.match(info, new RegExp(`Name: ${GATEWAY_NAME}`));
        assert.match(info.replaceAll('-', ''), new RegExp(METRICS_SERVICE));
        assert.match(info, new RegExp(`ServiceData Key: 0000${BTHOME_SERVICE}`));
      },
    },
    {
      claim: 'a desktop connects, and discovers every characteristic of the contract',
      async show(central) {
        await central.connect();
        const rows = Object.values(GATT_SERVICES).flatMap(({ characteristics }) =>
          Object.values(characteristics).map(({ uuid }: { readonly uuid: string }) => uuid),
        );
        for (const uuid of rows) if (!UNSERVED.includes(uuid)) central.pathOf(uuid);
      },
    },
    {
      claim: 'a desktop reads short values and long ones',
      async show(central) {
        const { gatewayId } = await central.machine.gateway.control.status();
        const info = perigee.v1.GatewayInfo.decode(await central.read(INFO_CHARACTERISTIC));
        assert.deepEqual([info.gatewayId, info.publicKey.length], [gatewayId, 32]);
        assert.equal(utf8Text(await central.read(DEVICE_INFORMATION.model)), 'Gateway');
      },
    },
    {
      claim: 'a desktop is told by number why the gateway refuses a write',
      async show(central) {
        await assert.rejects(central.write(RX_CHARACTERISTIC, Uint8Array.of(0)), /ATT error: 0xfd/);
        await assert.rejects(central.write(metricUuid(0), Uint8Array.of(0)), /Not(Permitted|Supported)/);
      },
    },
    {
      claim: 'a desktop subscribes, is told what is wrong with a frame, and hears it on tx as well',
      async show(central) {
        const { control, lines } = central;
        await control.ask('menu gatt', /Menu gatt/);
        await control.ask(`select-attribute ${central.pathOf(TX_CHARACTERISTIC)}`, /./);
        await control.ask('notify on', /Notify started/, /Failed/);
        lines.length = 0;
        await assert.rejects(central.write(RX_CHARACTERISTIC, Uint8Array.of(0)), /ATT error: 0x83/);
        await eventually(() => {
          assert.match(lines.join('\n'), /\bc5 83\b/);
          return Promise.resolve();
        });
        await control.ask('notify off', /Notify stopped/, /Failed/);
        await control.ask('back', /Menu main/);
      },
    },
    {
      claim: 'a desktop that drops its connection finds the gateway advertising again',
      async show(central) {
        await call(DEVICE, 'Device1.Disconnect');
        await central.connect();
        assert.equal((await central.read(metricUuid(0))).length, 4);
      },
    },
  ],
);
