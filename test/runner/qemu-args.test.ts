import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAVOURS, type BootFiles, type Image } from '../../src/domain/index.js';
import { FLAVOUR_FACTS, qemuSpec } from '../../src/images/index.js';
import { newRunId } from '../../src/platform/index.js';
import { qemuArgs } from '../../src/runner/qemu-args.js';

const file = { path: '/images/a,b/kernel', sha256: '' };
const image = {
  ...{
    name: 'a',
    version: '1',
    description: '',
    memoryMib: 64,
    vcpus: 1,
    args: '',
    sensors: [],
    sensorRateHz: 1,
  },
  ...{ windowMs: 1000, readyWithinMs: 1000, metrics: 'lines' },
} as unknown as Image;

function argsOf(
  flavour: Image['flavour'],
  boot: object,
  metrics: Image['metrics'] = 'lines',
): readonly string[] {
  const architecture = 'x86_64';
  const whole = { ...image, flavour, metrics, boot: { x86_64: boot } as Image['boot'] };
  return qemuArgs(qemuSpec(whole, 'x', newRunId(), { architecture, accelerator: 'tcg' }));
}

const valueOf = (args: readonly string[], option: string): string | undefined =>
  args[args.indexOf(option) + 1];

describe("QEMU's arguments", () => {
  it('give a network that ends in this process to a guest whose manifest asks for one, on either bus', () => {
    for (const [flavour, device] of [
      ['perigee', /^virtio-net-device,netdev=net,/],
      ['nanos', /^virtio-net-pci,romfile=,netdev=net,/],
    ] as const) {
      const whole = { ...image, flavour, network: 'metrics', boot: { x86_64: { kernel: file } } } as Image;
      const args = qemuArgs(qemuSpec(whole, '', newRunId(), { architecture: 'x86_64', accelerator: 'tcg' }));
      assert.deepEqual(
        args.filter((arg) => /^(socket|user|tap|bridge|stream|vhost).*net/.test(arg)),
        ['socket,id=net,fd=5'],
      );
      assert.equal(args.filter((arg) => device.test(arg)).length, 1, args.join(' '));
    }
  });

  it('give no guest a network, a display, a reboot or a way out of the sandbox', () => {
    for (const flavour of FLAVOURS) {
      const args = argsOf(flavour, { kernel: file });
      for (const needed of ['-nodefaults', '-no-user-config', '-no-reboot', '-S'])
        assert.ok(args.includes(needed), flavour);
      assert.equal(
        valueOf(args, '-sandbox'),
        'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
      );
      assert.equal(
        args.some((arg) => /net|vnc|spice|usb|semihosting/.test(arg)),
        false,
        args.join(' '),
      );
    }
  });

  it('give the frame channel only to a guest that speaks by it', () => {
    assert.ok(argsOf('perigee', { kernel: file }, 'frames').some((arg) => arg.startsWith('virtserialport')));
    assert.ok(!argsOf('osv', { kernel: file }).some((arg) => arg.includes('virtserialport')));
  });

  it('attach a disk whose writes nobody keeps, also when a comma is in its path', () => {
    const disk: BootFiles['disk'] = { path: '/images/a,b/disk', format: 'qcow2' };
    const args = argsOf('nanos', { disk });
    assert.equal(valueOf(args, '-drive'), 'file=/images/a,,b/disk,format=qcow2,if=none,id=disk,snapshot=on');
    assert.ok(!args.includes('-kernel') && !args.includes('-append'), 'QEMU refuses -append without -kernel');
  });

  it('put pvpanic and isa-debug-exit where a family needs them', () => {
    assert.ok(argsOf('osv', { kernel: file }).includes('pvpanic'));
    assert.ok(argsOf('mirage', { kernel: file }).includes('isa-debug-exit,iobase=0x501,iosize=2'));
    assert.equal(FLAVOUR_FACTS.perigee.machines.x86_64?.extra.includes('pvpanic'), false);
  });
});
