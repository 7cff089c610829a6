import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { buildImages } from './support-build.js';
import { Guest, type Arch, type End, type GuestFrame, type GuestOptions } from './support-qemu.js';

const { Unit } = perigee.v1;
const ARCHES: readonly Arch[] = ['x86_64', 'arm64', 'armv7'];

/** A microvm without ACPI has no power switch: its normal end and its panic look alike to QMP. */
const POWERED_OFF: Readonly<Record<Arch, string>> = {
  x86_64: 'guest-reset',
  arm64: 'guest-shutdown',
  armv7: 'guest-shutdown',
};
const CRASHED = 'guest-reset';
const READY = 'perigee hello 0.1.0 ready\n';

interface Life {
  readonly frames: readonly GuestFrame[];
  readonly console: string;
  readonly end: End;
}

/** Runs a guest that ends by itself. */
async function live(arch: Arch, options: GuestOptions): Promise<Life> {
  await using guest = new Guest(arch, 'hello', options);
  const end = await guest.ended();
  return { frames: guest.frames, console: guest.console, end };
}

const bodies = (frames: readonly GuestFrame[]): (string | undefined)[] => frames.map(({ body }) => body);

before(() => buildImages());

for (const arch of ARCHES) {
  describe(`hello on ${arch}`, () => {
    it('says hello, reports its boot, says done, and powers off', async () => {
      const { frames, console, end } = await live(arch, {});
      assert.deepEqual(bodies(frames), ['hello', 'declare', 'report', 'done']);
      assert.deepEqual({ ...frames[0]?.hello }, { protocol: 1, image: 'hello', version: '0.1.0' });
      assert.deepEqual(
        { ...frames[1]?.declare },
        { metric: 1, name: 'guest_boot', unit: Unit.UNIT_MILLISECONDS },
      );
      assert.equal(frames[3]?.done?.status ?? 0, 0);
      assert.equal(console, READY);
      assert.deepEqual(end, { status: 0, reason: POWERED_OFF[arch] });
    });

    it('reports its boot, up to its hello, in milliseconds of its own clock', async () => {
      const { frames } = await live(arch, {});
      const report = frames[2]?.report;
      const guestMs = Number(report?.guestUs) / 1000;
      const values = report?.values?.map(({ metric, value }) => ({ metric, value }));
      assert.equal(values?.length, 1);
      const [boot] = values;
      assert.equal(boot?.metric, 1);
      assert.ok(Number(boot.value) > 0 && Number(boot.value) <= guestMs, `${boot.value} of ${guestMs}`);
    });

    it('reports with loop=N, after a sleep, how long N rounds of work took', async () => {
      const { frames, end } = await live(arch, { append: 'loop=100000' });
      assert.deepEqual(bodies(frames), ['hello', 'declare', 'declare', 'report', 'done']);
      assert.deepEqual(
        { ...frames[2]?.declare },
        { metric: 2, name: 'guest_loop', unit: Unit.UNIT_MILLISECONDS },
      );
      const report = frames[3]?.report;
      const [boot, loop] = report?.values ?? [];
      assert.deepEqual([boot?.metric, loop?.metric], [1, 2]);
      const sleptMs = Number(report?.guestUs) / 1000 - Number(boot?.value) - Number(loop?.value);
      assert.ok(Number(loop?.value) > 0 && sleptMs >= 1, JSON.stringify(report?.values));
      assert.deepEqual(end, { status: 0, reason: POWERED_OFF[arch] });
    });

    it('works on a legacy virtio bus', async () => {
      const { frames, console } = await live(arch, { virtio: [] });
      assert.deepEqual(bodies(frames), ['hello', 'declare', 'report', 'done']);
      assert.equal(console, READY);
    });

    it('loses no Done, however often it runs', async () => {
      for (let round = 0; round < 10; round++) {
        const { frames } = await live(arch, {});
        assert.equal(frames.at(-1)?.body, 'done', `round ${round}`);
      }
    });

    it('stays with stay=1 until the host says stop', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'stay=1' });
      await guest.until(() => guest.console === READY, 'its ready line');
      assert.deepEqual(bodies(guest.frames), ['hello', 'declare', 'report']);
      guest.send({ stop: {} });
      assert.deepEqual(await guest.ended(), { status: 0, reason: POWERED_OFF[arch] });
      assert.equal(guest.frames.at(-1)?.body, 'done');
    });

    it('says hello with wait=1, and nothing more until the host says start', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'wait=1 stay=1' });
      await guest.until(() => guest.frames.length === 1, 'its hello');
      guest.send({ practice: {} });
      guest.send({ sense: { monotonicUs: 1 } });
      assert.equal(guest.console, '');
      guest.send({ start: {} });
      await guest.until(() => guest.console === READY, 'its ready line');
      assert.deepEqual(bodies(guest.frames), ['hello', 'declare', 'report']);
      guest.send({ stop: {} });
      await guest.ended();
    });

    it('ends with wait=1 when it is told to stop before it began', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'wait=1' });
      await guest.until(() => guest.frames.length === 1, 'its hello');
      guest.send({ stop: {} });
      assert.deepEqual(await guest.ended(), { status: 0, reason: POWERED_OFF[arch] });
      assert.deepEqual(bodies(guest.frames), ['hello', 'done']);
    });

    it('powers off without a Done when the host has gone', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'stay=1' });
      await guest.until(() => guest.console === READY, 'its ready line');
      guest.hangUp();
      assert.deepEqual(await guest.ended(), { status: 0, reason: POWERED_OFF[arch] });
    });

    it('ends with the status that fault=status asks for', async () => {
      const { frames, end } = await live(arch, { append: 'fault=status' });
      assert.equal(frames.at(-1)?.done?.status, 7);
      assert.deepEqual(end, { status: 0, reason: POWERED_OFF[arch] });
    });

    it('panics with fault=die: a line, no frame, and a reset', async () => {
      const { frames, console, end } = await live(arch, { append: 'fault=die' });
      assert.deepEqual(frames, []);
      assert.equal(console, '\npanic: fault=die was asked for\n');
      assert.deepEqual(end, { status: 0, reason: CRASHED });
    });

    it('panics with the address when it touches what is not there', async () => {
      const { frames, console, end } = await live(arch, { append: 'fault=trap' });
      assert.deepEqual(frames, []);
      assert.match(console, /^\npanic: trap 0x[0-9a-f]{16} at 0x[0-9a-f]{16} address 0x0{8}80000000\n$/);
      assert.deepEqual(end, { status: 0, reason: CRASHED });
    });

    it('says hello and then nothing with fault=silent, and still stops', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'fault=silent' });
      await guest.until(() => guest.console === READY, 'its ready line');
      guest.send({ stop: {} });
      await guest.ended();
      assert.deepEqual(bodies(guest.frames), ['hello', 'done']);
    });

    it('sends what is no frame with fault=garbage, and idles', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'fault=garbage' });
      await guest.until(() => guest.rest.length === 64, 'its garbage');
      assert.deepEqual(guest.rest, Buffer.alloc(64, 0xff));
      assert.deepEqual(guest.frames, []);
      guest.hangUp();
      await guest.ended();
    });

    it('panics at what is no host frame', async () => {
      await using guest = new Guest(arch, 'hello', { append: 'stay=1' });
      await guest.until(() => guest.console === READY, 'its ready line');
      guest.sendBytes(Buffer.alloc(64, 0xff));
      assert.deepEqual(await guest.ended(), { status: 0, reason: CRASHED });
      assert.equal(guest.console, `${READY}\npanic: a host frame is longer than 1024 bytes\n`);
      assert.notEqual(guest.frames.at(-1)?.body, 'done');
    });

    it('panics with what to do when it was given no port', async () => {
      const none = await live(arch, { port: [] });
      assert.match(none.console, /panic: no virtio console: give QEMU .* virtserialport with nr=1/);
      const console = await live(arch, { port: ['-device', 'virtio-serial-device,max_ports=1'] });
      assert.match(console.console, /panic: the virtio console has no ports: give QEMU a virtserialport/);
    });
  });
}

describe('hello on arm64 with the third version of the interrupt controller', () => {
  it('is woken by the host', async () => {
    const machine = ['-M', 'virt,gic-version=3,acpi=off', '-cpu', 'max'];
    await using guest = new Guest('arm64', 'hello', { machine, append: 'stay=1' });
    await guest.until(() => guest.console === READY, 'its ready line');
    guest.send({ stop: {} });
    assert.equal((await guest.ended()).reason, 'guest-shutdown');
    assert.equal(guest.frames.at(-1)?.body, 'done');
  });
});
