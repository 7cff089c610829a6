import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { offerDevice } from '../../src/air/index.js';
import type { Controller } from '../../src/air/index.js';
import type { Radio } from '../../src/domain/index.js';
import { openPhone } from '../../src/nearby/index.js';
import type { GatewayConnection, Phone } from '../../src/nearby/index.js';
import {
  buildAdvertisement,
  buildServices,
  createRadio,
  keepOnAir,
  metricAddress,
} from '../../src/radio/index.js';
import type { BlenoDriver, RadioOptions } from '../../src/radio/index.js';
import { IDENTITY, INFO, TIME } from '../radio/support-gateway.js';
import { layOutKernel } from '../radio/support-kernel.js';
import { TappedAir } from '../radio/support-raw-phone.js';
import { SILENT } from '../support/loggers.js';

/** Commands, by what they set (7.8). */
const PARAMETERS = 0x2006;
const ENABLE = 0x200a;
const HARDWARE_FAILURE = 0x03;
const VIGIL_MS = 20;
const LOOK_MS = 10;

type Trouble = (opcode: number) => 'obey' | 'ignore' | 'refuse';

/** What a radio does about a controller that does not do its work, seen by phones over the virtual radio. */
export function radioFaults(driver: BlenoDriver): void {
  describe(`a radio over @${driver}/bleno whose controller has faults`, () => {
    let air: TappedAir;
    let phone: Phone;
    let radio: Radio;
    let temperature: number;
    const open: Disposable[] = [];

    beforeEach(async () => {
      air = new TappedAir();
      phone = await openPhone({ air });
      temperature = 48.2;
    });
    afterEach(async () => {
      for (const each of open.splice(0)) each[Symbol.dispose]();
      await radio[Symbol.asyncDispose]();
      await phone[Symbol.asyncDispose]();
      assert.equal(air.size, 0);
    });

    const create = (options: Partial<RadioOptions> = {}): Radio =>
      createRadio({ mode: 'virtual', driver, air, name: 'x', logger: SILENT, vigilMs: VIGIL_MS, ...options });
    const start = (): Promise<void> => {
      const featured = [{ label: 'CPU temperature', unit: 'celsius' as const, read: () => temperature }];
      const services = buildServices({ featured, identity: IDENTITY, info: () => INFO, time: () => TIME });
      return radio.start(services, buildAdvertisement('Perigee'));
    };
    const keep = (kernel?: RadioOptions['kernel']): void => {
      open.push(
        keepOnAir({
          radio,
          start,
          logger: SILENT,
          everyMs: LOOK_MS,
          ...(kernel === undefined ? {} : { kernel }),
        }),
      );
    };
    const until = async (holds: () => boolean): Promise<void> => {
      for (let i = 0; i < 1000 && !holds(); i++) await sleep(5);
      assert.ok(holds(), JSON.stringify([radio.state, radio.faults]));
    };
    const advertising = (): Promise<void> => until(() => radio.state.kind === 'advertising');
    /** The gateway's controller at present; the phone's came first. */
    const controller = (): Controller => air.attached.at(-1) ?? assert.fail('nobody is on the air');
    const connect = async (): Promise<GatewayConnection> => phone.connect(await phone.find());
    /** All that a phone does works, as before. */
    const serves = async (): Promise<void> => {
      await using connection = await connect();
      assert.equal((await connection.readMetrics())[0]?.value, temperature);
      const values = connection.values();
      const first = values.next();
      for (let i = 0; i < 20; i++) await connection.readInfo();
      temperature += 1;
      radio.notify(...metricAddress(0));
      assert.equal((await first).value?.value, temperature);
    };

    it('is left alone as long as it advertises, also while a phone is connected', async () => {
      radio = create();
      await start();
      const asked = trouble(controller(), () => 'obey');
      await until(() => asked.filter((opcode) => opcode === PARAMETERS).length > 3);
      const connection = await connect();
      asked.length = 0;
      await until(() => asked.filter((opcode) => opcode === PARAMETERS).length > 3);
      assert.equal(
        controller().advertising.enabled,
        radio.maxCentrals > 1,
        'nobody is let in beside the only one',
      );
      assert.equal((await connection.readMetrics())[0]?.value, 48.2);
      await connection.disconnect();
      await serves();
      assert.deepEqual(radio.faults, { count: 0 });
      assert.deepEqual(controller().violations, []);
    });

    it('is made to advertise again when it has silently stopped', async () => {
      radio = create();
      await start();
      controller().advertise({ enabled: false });
      await until(() => controller().advertising.enabled);
      await until(() => radio.faults.count === 1);
      assert.match(radio.faults.latest ?? '', /advertising had stopped/);
      await serves();
    });

    it('is made to advertise again when it has not after a phone has left', async () => {
      radio = create();
      await start();
      const connection = await connect();
      const asked = trouble(controller(), (opcode) => (opcode === ENABLE ? 'ignore' : 'obey'));
      await connection.disconnect();
      await until(() => asked.includes(ENABLE));
      trouble(controller(), () => 'obey');
      await until(() => controller().advertising.enabled);
      await serves();
    });

    it('is started again when it no longer answers', async () => {
      radio = create();
      keep();
      await advertising();
      trouble(controller(), () => 'ignore');
      await until(() => radio.faults.count === 1);
      assert.match(radio.faults.latest ?? '', /does not answer/);
      await advertising();
      await serves();
    });

    it('is given back as soon as it is lost, though nobody starts the radio again', async () => {
      radio = create();
      await start();
      trouble(controller(), () => 'ignore');
      await until(() => radio.state.kind === 'unavailable');
      await until(() => air.size === 1);
    });

    it('is started again when it refuses to advertise, and said to when it goes on to', async () => {
      radio = create();
      keep();
      await advertising();
      const attach = air.attach.bind(air);
      let refuses = true;
      air.attach = () => {
        const attached = attach();
        trouble(attached, (opcode) => (refuses && opcode === ENABLE ? 'refuse' : 'obey'));
        return attached;
      };
      trouble(controller(), (opcode) => (opcode === ENABLE ? 'refuse' : 'obey'));
      controller().advertise({ enabled: false });
      await until(() => radio.faults.count === 1);
      assert.match(radio.faults.latest ?? '', /refuses to advertise \(status 0x03\)/);
      await until(() => radio.state.kind === 'unavailable' && radio.state.reason.includes('refuses'));
      refuses = false;
      await advertising();
      await serves();
    });

    it('is not started again when it has no room for one phone more', async () => {
      radio = create();
      await start();
      const connection = await connect();
      const asked = trouble(controller(), (opcode) => (opcode === ENABLE ? 'refuse' : 'obey'));
      controller().advertise({ enabled: false });
      await until(() => asked.filter((opcode) => opcode === PARAMETERS).length > 3);
      assert.equal((await connection.readMetrics())[0]?.value, 48.2);
      assert.deepEqual(radio.faults, { count: 0 });
      trouble(controller(), () => 'obey');
      await connection.disconnect();
    });

    it('serves again when it has gone and come back under another number, and says what it waits for', async () => {
      const kernel = layOutKernel();
      const plugIn = (): (() => void) => {
        const device = offerDevice(air.attach());
        kernel.plugIn(`hci${device.id}`);
        return () => {
          kernel.pullOut(`hci${device.id}`);
          device.withdraw();
        };
      };
      radio = create({ mode: 'auto', kernel: kernel.paths });
      const pullOut = plugIn();
      keep(kernel.paths);
      await advertising();
      await serves();
      pullOut();
      await until(() => radio.state.kind === 'unavailable');
      assert.match(radio.faults.latest ?? '', /hci\d+ is gone/);
      await until(
        () => radio.state.kind === 'unavailable' && radio.state.reason.includes('no Bluetooth adapter'),
      );
      const pullOutNext = plugIn();
      await advertising();
      await serves();
      pullOutNext();
    });
  });
}

/** From now on. The opcodes that it was sent. */
function trouble(controller: Controller, decide: Trouble): number[] {
  const asked: number[] = [];
  const obey = Object.getPrototypeOf(controller) as Controller;
  controller.send = (packet) => {
    const opcode = packet[0] === 1 ? packet.readUInt16LE(1) : 0;
    asked.push(opcode);
    const decision = decide(opcode);
    if (decision === 'obey') obey.send.call(controller, packet);
    if (decision !== 'refuse') return;
    controller.toHost(Buffer.of(4, 0x0e, 4, 1, opcode & 0xff, opcode >> 8, HARDWARE_FAILURE));
  };
  return asked;
}
