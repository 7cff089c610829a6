import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Air } from '../../src/air/index.js';
import type { Controller } from '../../src/air/index.js';

const command = (opcode: number, parameters: string): Buffer => {
  const bytes = Buffer.from(parameters, 'hex');
  return Buffer.concat([Buffer.of(1, opcode & 0xff, opcode >> 8, bytes.length), bytes]);
};
const data = (handle: number, value: number): Buffer => Buffer.of(2, handle, 0, 1, 0, value);
const ADVERTISE_20_MS = '200020000000000000000000000700';

describe('an air whose links carry what those of a real radio do', () => {
  let nowMs = 0;
  let air: Air;
  let gateway: Controller;
  const heard = new Map<Controller, string[]>();

  /** Some turns of the event loop for what each millisecond brings. */
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i++) {
      nowMs += 1;
      mock.timers.tick(1);
      await turn();
      await turn();
    }
  };
  const listenTo = (controller: Controller): Controller => {
    heard.set(controller, []);
    controller.onPacket((packet) => heard.get(controller)?.push(packet.toString('hex')));
    return controller;
  };
  const at = (controller: Controller, begin: string): readonly string[] =>
    (heard.get(controller) ?? []).filter((packet) => packet.startsWith(begin));
  const connect = async (): Promise<Controller> => {
    const phone = listenTo(air.attach());
    gateway.send(command(0x200a, '01'));
    phone.send(command(0x200d, '60003000000000005245500206000600180000002a00000000'));
    await pass(20);
    return phone;
  };

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    nowMs = 0;
    air = new Air({ link: { intervalMs: 30, packetsPerEvent: 4 }, nowMs: () => nowMs });
    gateway = listenTo(air.attach());
    gateway.send(command(0x2006, ADVERTISE_20_MS));
  });
  afterEach(() => mock.timers.reset());

  it('tells both ends the interval of its own, and keeps to it', async () => {
    const phone = await connect();
    const complete = '043e1301004000';
    assert.match(at(phone, complete)[0] ?? '', /^.{30}1800/, '24 steps of 1.25 ms');
    phone.send(command(0x2013, '4000060006000000' + '2a00' + '00000000'));
    await pass(1);
    assert.equal(at(gateway, '043e0a0300')[0], '043e0a0300' + '4000' + '1800' + '0000' + '2a00');
  });

  it('carries so many packets at an event, each way, and gives their buffers back', async () => {
    const phone = await connect();
    for (let i = 0; i < 8; i++) gateway.send(data(0x40, i));
    phone.send(data(0x40, 0xff));
    await pass(29);
    assert.equal(at(phone, '02').length, 0);
    await pass(1);
    assert.deepEqual(at(phone, '02'), ['0240200100' + '00', '024020010001', '024020010002', '024020010003']);
    assert.equal(at(gateway, '02').length, 1);
    assert.deepEqual(at(gateway, '0413'), ['04130501' + '4000' + '0400']);
    await pass(30);
    assert.equal(at(phone, '02').length, 8);
    assert.deepEqual(gateway.violations, []);
  });

  it('shares the time of a controller between its connections', async () => {
    const phones: Controller[] = [];
    for (let i = 0; i < 4; i++) phones.push(await connect());
    // Two buffers for each at once; what comes back is filled again.
    let sent = 0;
    gateway.onPacket((packet) => {
      if (packet[1] === 0x13) for (let i = packet.readUInt16LE(6); i > 0; i--) send(packet[4] ?? 0);
    });
    const send = (handle: number): void => gateway.send(data(handle, sent++ & 0xff));
    for (let i = 0; i < 8; i++) send(0x40 + (i % 4));
    await pass(300);
    assert.deepEqual(
      phones.map((phone) => at(phone, '02').length),
      [20, 20, 20, 20],
    );
  });

  it('leaves what is for a host that takes nothing with its sender', async () => {
    const phone = await connect();
    phone.hold(true);
    for (let i = 0; i < 8; i++) gateway.send(data(0x40, i));
    phone.send(data(0x40, 0xff));
    await pass(60);
    assert.deepEqual([at(phone, '02').length, at(gateway, '0413').length], [0, 0]);
    assert.equal(at(gateway, '02').length, 1, 'the other way it carries on');
    phone.hold(false);
    await pass(60);
    assert.equal(at(phone, '02').length, 8);
  });
});
