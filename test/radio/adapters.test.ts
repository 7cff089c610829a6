import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { beforeEach, describe, it } from 'node:test';
import { buildAdvertisement, createRadio, findAdapter } from '../../src/radio/index.js';
import { SILENT } from '../support/loggers.js';
import { layOutKernel } from './support-kernel.js';
import type { TestKernel } from './support-kernel.js';

const ADVERTISEMENT = buildAdvertisement('Perigee');

describe('the search for an adapter', () => {
  let kernel: TestKernel;
  const withAdapters = (...names: readonly string[]): void => names.forEach((name) => kernel.plugIn(name));

  beforeEach(() => {
    kernel = layOutKernel();
  });

  it('takes the first adapter, by number', () => {
    withAdapters('hci10', 'hci2', 'hci2:64', 'rfkill3');
    assert.deepEqual(findAdapter(undefined, kernel.paths), { kind: 'found', device: 2 });
  });

  it('takes the adapter that was asked for, and names the others when it is missing', () => {
    withAdapters('hci0', 'hci1');
    assert.deepEqual(findAdapter(1, kernel.paths), { kind: 'found', device: 1 });
    const missing = findAdapter(4, kernel.paths);
    assert.ok(missing.kind === 'none');
    assert.match(missing.reason, /hci4/);
    assert.match(missing.cure, /hci0, hci1/);
  });

  it('says why there is none, and what helps', () => {
    const none = findAdapter(undefined, kernel.paths);
    assert.ok(none.kind === 'none');
    assert.match(`${none.reason} ${none.cure}`, /no Bluetooth adapter.*Plug one in.*virtual/);
    kernel.switch('thinkpad_bluetooth_sw', { soft: true });
    const blocked = findAdapter(undefined, kernel.paths);
    assert.ok(blocked.kind === 'none');
    assert.match(
      `${blocked.reason} ${blocked.cure}`,
      /blocked by rfkill \(thinkpad.*rfkill unblock bluetooth/,
    );
    rmSync(kernel.paths.bluetooth, { recursive: true });
    const noKernel = findAdapter(0, kernel.paths);
    assert.ok(noKernel.kind === 'none');
    assert.match(`${noKernel.reason} ${noKernel.cure}`, /no Bluetooth support.*modprobe.*virtual/);
  });

  it('leaves a radio without an adapter in a state that says the same', async () => {
    const options = {
      mode: 'auto',
      driver: 'stoprocent',
      name: 'x',
      logger: SILENT,
      kernel: kernel.paths,
    } as const;
    await using radio = createRadio(options);
    await assert.rejects(radio.start([], ADVERTISEMENT), { code: 'radio-unavailable', cure: /Plug one in/ });
    assert.equal(radio.state.kind, 'unavailable');
    radio.advertise(ADVERTISEMENT);
    radio.notify('180a', '2a29');
    await radio[Symbol.asyncDispose]();
    assert.deepEqual(radio.state, { kind: 'off' });
  });

  it('fails in words when the adapter that is listed cannot be opened', { timeout: 20_000 }, async () => {
    // No kernel has one of this number; without Bluetooth in the kernel, the driver fails earlier, and in words too.
    withAdapters('hci99');
    for (const driver of ['stoprocent', 'abandonware'] as const) {
      const radio = createRadio({ mode: 'auto', driver, name: 'x', logger: SILENT, kernel: kernel.paths });
      await assert.rejects(radio.start([], ADVERTISEMENT), { code: 'radio-unavailable' });
      assert.equal(radio.state.kind, 'unavailable');
      await radio[Symbol.asyncDispose]();
    }
  });

  it('is not made for a gateway that has its radio off', async () => {
    await using radio = createRadio({ mode: 'off', driver: 'stoprocent', name: 'x', logger: SILENT });
    await radio.start([], ADVERTISEMENT);
    radio.advertise(ADVERTISEMENT);
    radio.notify('180a', '2a29');
    assert.deepEqual(radio.state, { kind: 'off' });
  });
});
