import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { findRadio, radioOf } from '../../src/cli/radio-findings.js';
import { loadConfig } from '../../src/config/index.js';
import { ALL_CAPABILITIES, layOutKernel, NET_ADMIN } from '../radio/support-kernel.js';
import type { TestKernel } from '../radio/support-kernel.js';

let kernel: TestKernel;
beforeEach(() => {
  kernel = layOutKernel();
});

function found(settings: Readonly<Record<string, string>>, processId?: number): Map<string, string> {
  const config = loadConfig({ overrides: Object.entries(settings), env: {} });
  const findings = findRadio(config, processId === undefined ? undefined : { processId }, kernel.paths);
  return new Map(
    findings.map(({ cure, name, text, verdict }) => [name, `${verdict}: ${text} | ${cure ?? ''}`]),
  );
}

describe('what doctor finds of the radio', () => {
  it('is what the driver can, and whether its native code is there', () => {
    assert.match(
      found({}).get('Bluetooth driver') ?? '',
      /^ok: @stoprocent\/bleno: 8 phones at once; .*there/,
    );
    const other = found({ 'radio.driver': 'abandonware' }).get('Bluetooth driver') ?? '';
    assert.match(other, /1 phone at once, and no advertising while it is connected/);
    // Set-up runs no install script: nobody has compiled it, unless they asked for it.
    assert.match(other, /^ok: |^note: The native code .* \| Build it: `npm rebuild @abandonware/);
  });

  it('is the adapter, what blocks it, and who else uses it', () => {
    assert.match(
      found({}).get('Bluetooth adapter') ?? '',
      /^note: There is no Bluetooth adapter \| Plug one in/,
    );
    kernel.plugIn('hci0');
    assert.equal(found({}).get('Bluetooth adapter'), 'ok: hci0 | ');
    kernel.process('512', { name: 'bluetoothd' });
    kernel.process('600', { name: 'node', sockets: [1] });
    const used = found({}, 600).get('Bluetooth adapter');
    assert.equal(used, 'ok: hci0; Bluetooth is also used by bluetoothd (process 512) | ');
    kernel.switch('hci0', { soft: true });
    assert.match(found({}).get('Bluetooth adapter') ?? '', /^note: hci0: .*rfkill.* \| .*rfkill unblock/);
  });

  it('is whether the gateway that runs has the rights, and else this process', () => {
    kernel.process('self', { name: 'node', capabilities: ALL_CAPABILITIES });
    kernel.process('600', { name: 'node', capabilities: NET_ADMIN });
    assert.match(found({}).get('Bluetooth rights') ?? '', /^ok: this process has/);
    assert.match(
      found({}, 600).get('Bluetooth rights') ?? '',
      /^note: the gateway lacks CAP_NET_RAW \| systemd/,
    );
    assert.match(found({}, 601).get('Bluetooth rights') ?? '', /^note: the kernel does not tell/);
  });

  it('is what the radio of the gateway does, and the faults that it had', () => {
    const radio = { driver: 'x', maxCentrals: 8, faults: { count: 0 } };
    const works = radioOf({ ...radio, state: { kind: 'advertising', centrals: 2 } });
    assert.deepEqual([works.verdict, works.text], ['ok', 'x: advertising, 2 of at most 8 phones connected']);
    const faults = { count: 3, latest: 'hci0 does not answer' };
    const again = radioOf({ ...radio, faults, state: { kind: 'advertising', centrals: 0 } });
    assert.equal(again.verdict, 'note');
    assert.match(again.text, /faults since the start: 3, the last: hci0 does not answer/);
    const lost = radioOf({
      ...radio,
      faults,
      state: { kind: 'unavailable', reason: 'gone', cure: 'plug in' },
    });
    assert.match(`${lost.verdict} ${lost.text} ${lost.cure ?? ''}`, /^note gone; faults .* plug in$/);
  });

  it('is nothing of a board where the radio is off, and no adapter where it is virtual', () => {
    assert.equal(found({ 'radio.mode': 'off' }).size, 0);
    assert.deepEqual([...found({ 'radio.mode': 'virtual' }).keys()], ['Bluetooth driver']);
  });
});
