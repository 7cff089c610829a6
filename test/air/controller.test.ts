import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Air } from '../../src/air/index.js';
import type { Controller } from '../../src/air/index.js';

const command = (opcode: number, parameters = ''): Buffer => {
  const bytes = Buffer.from(parameters, 'hex');
  return Buffer.concat([Buffer.of(1, opcode & 0xff, opcode >> 8, bytes.length), bytes]);
};
const acl = (handle: number, data: Buffer, boundary = 0): Buffer =>
  Buffer.concat([
    Buffer.of(2, handle & 0xff, (handle >> 8) | (boundary << 4), data.length & 0xff, data.length >> 8),
    data,
  ]);

const ADVERTISE_20_MS = '20002000000000000000000000' + '0700';
const SCAN_ACTIVELY = '01100010000000';

describe('an emulated controller', () => {
  let air: Air;
  let gateway: Controller;
  let phone: Controller;
  let atGateway: string[];
  let atPhone: string[];

  const until = async (heard: () => boolean): Promise<void> => {
    for (let i = 0; i < 500 && !heard(); i++) await sleep(5);
    assert.ok(heard(), `not heard in time; gateway: ${atGateway.join(' ')}; phone: ${atPhone.join(' ')}`);
  };
  const advertise = (): void => {
    gateway.send(command(0x2006, ADVERTISE_20_MS));
    gateway.send(command(0x2008, '03020106' + '00'.repeat(28)));
    gateway.send(command(0x2009, '0302095a' + '00'.repeat(28)));
    gateway.send(command(0x200a, '01'));
  };
  const connect = async (): Promise<void> => {
    phone.send(command(0x200d, `6000300000000000524550020006001800000000` + '2a0000000000'.slice(0, 10)));
    await until(() => atPhone.some((packet) => packet.startsWith('043e1301')));
  };

  beforeEach(() => {
    air = new Air();
    gateway = air.attach();
    phone = air.attach();
    atGateway = [];
    atPhone = [];
    gateway.onPacket((packet) => atGateway.push(packet.toString('hex')));
    phone.onPacket((packet) => atPhone.push(packet.toString('hex')));
  });
  afterEach(() => {
    gateway.close();
    phone.close();
    assert.equal(air.size, 0);
  });

  it('answers every command, also those that it does not know or that are cut short', async () => {
    const opcodes = [
      0x0c03, 0x1001, 0x2002, 0x2006, 0x2008, 0x200a, 0x200b, 0x200c, 0x200d, 0x2013, 0x0406, 0x1405, 0xfc01,
    ];
    for (const opcode of opcodes) gateway.send(command(opcode));
    await until(() => atGateway.length === opcodes.length);
    assert.equal(atGateway[0], '040e0401030c00');
    assert.equal(atGateway[3], '040e0401062012', 'invalid parameters');
    assert.equal(atGateway.at(-1), '040e040101fc01', 'unknown command');
  });

  it('survives every truncation of a command, and any garbage', () => {
    const whole = command(0x200d, '00'.repeat(25));
    for (let length = 0; length <= whole.length; length++) gateway.send(whole.subarray(0, length));
    for (let byte = 0; byte < 256; byte++) gateway.send(Buffer.of(byte, byte, byte, byte, byte, byte));
    assert.equal(gateway.violations.length, 16, 'they are noted, up to a limit');
  });

  it('is heard with its advertisement and its scan response', async () => {
    advertise();
    phone.send(command(0x200b, SCAN_ACTIVELY));
    phone.send(command(0x200c, '0100'));
    await until(() => atPhone.filter((packet) => packet.startsWith('043e')).length >= 2);
    const reports = atPhone.filter((packet) => packet.startsWith('043e'));
    assert.equal(reports[0], '043e0f02010000' + '000052455002' + '03020106' + 'c4');
    assert.equal(reports[1], '043e0f02010400' + '000052455002' + '0302095a' + 'c4');
  });

  it('is reported once to a scanner that filters duplicates', async () => {
    advertise();
    phone.send(command(0x200b, '00100010000000'));
    phone.send(command(0x200c, '0101'));
    await until(() => atPhone.some((packet) => packet.startsWith('043e')));
    await sleep(100);
    assert.equal(atPhone.filter((packet) => packet.startsWith('043e')).length, 1);
  });

  it('runs a timer only while it advertises and somebody listens', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    let events = 0;
    air.advertise = () => {
      events++;
    };
    advertise();
    return sleep(100).then(async () => {
      assert.equal(events, 0, 'nobody listens');
      phone.send(command(0x200c, '0100'));
      await until(() => events > 1);
      phone.send(command(0x200c, '0000'));
      const heard = events;
      await sleep(100);
      assert.equal(events, heard, 'nobody listens any more');
      assert.equal(timers(), before);
    });
  });

  it('carries data both ways and gives the buffers back', async () => {
    advertise();
    await connect();
    assert.ok(
      atGateway.some((packet) => packet.startsWith('043e1301004000' + '01')),
      'the gateway is the peripheral',
    );
    phone.send(acl(0x40, Buffer.from('0200040001ff', 'hex')));
    gateway.send(acl(0x40, Buffer.from('aa', 'hex')));
    gateway.send(acl(0x40, Buffer.from('bb', 'hex'), 1));
    await until(() => atPhone.some((packet) => packet === '02401001' + '00bb'));
    assert.ok(atGateway.includes('0240200600' + '0200040001ff'));
    assert.ok(atPhone.includes('0240200100' + 'aa'));
    await until(() => atGateway.includes('0413050140000200'));
  });

  it('takes no more data than it has buffers, nor any that lies about its length', async () => {
    advertise();
    await connect();
    for (let i = 0; i < 9; i++) phone.send(acl(0x40, Buffer.of(i)));
    assert.deepEqual(phone.violations, ['more data than there are buffers']);
    gateway.send(acl(0x40, Buffer.alloc(252)));
    gateway.send(acl(0x41, Buffer.alloc(1)));
    gateway.send(Buffer.from('0240000200aa', 'hex'));
    assert.equal(gateway.violations.length, 3);
  });

  it('tells both ends of the end, each with its reason, and frees the handle', async () => {
    advertise();
    await connect();
    assert.equal(gateway.advertising.enabled, false, 'legacy advertising ends with the connection');
    phone.send(command(0x0406, '400013'));
    await until(() => atPhone.includes('040504' + '00400016') && atGateway.includes('040504' + '00400013'));
    gateway.send(command(0x200a, '01'));
    atPhone.length = 0;
    await connect();
    assert.ok(atPhone.some((packet) => packet.startsWith('043e1301004000')));
  });

  it('ends its connections when its host goes away', async () => {
    advertise();
    await connect();
    phone.close();
    await until(() => atGateway.includes('040504' + '00400008'));
    assert.equal(gateway.linkCount, 0);
  });

  it('gives up a connection that was called off', async () => {
    phone.send(command(0x200d, '60003000000000005245500200060018000000002a00000000'));
    phone.send(command(0x200e));
    await until(() => atPhone.some((packet) => packet.startsWith('043e130102')));
    assert.equal(phone.listening, false);
  });

  it('lets only so many onto one air', () => {
    const others: Controller[] = [];
    assert.throws(() => {
      for (;;) others.push(air.attach());
    }, /at most 32 radios/);
    for (const other of others) other.close();
  });
});
