import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { diagnose } from '../../src/radio/diagnosis.js';
import { surroundings } from '../../src/radio/index.js';
import { ALL_CAPABILITIES, layOutKernel, NET_ADMIN } from './support-kernel.js';
import type { TestKernel } from './support-kernel.js';

let kernel: TestKernel;
beforeEach(() => {
  kernel = layOutKernel();
});

/** In the two lines that a person gets. */
function said(cause: unknown, device = 0): string {
  const { cure, reason } = diagnose(cause, device, surroundings(kernel.paths));
  for (const line of [reason, cure]) assert.doesNotMatch(line, /\n/);
  return `${reason} | ${cure}`;
}

const failure = (message: string, rest: object = {}): Error => Object.assign(new Error(message), rest);

describe('why an adapter does not start', () => {
  it('is told the same whether the driver gives the name, the number, or the words of either C library', () => {
    const forms = {
      held: [failure('x', { code: 'EBUSY' }), failure('Device or resource busy'), failure('Resource busy')],
      gone: [failure('x', { errno: 32 }), failure('Broken pipe'), failure('No such device')],
      RestrictAddressFamilies: [
        failure('Address family not supported by protocol', { errno: 97 }),
        failure('x', { errno: -97 }),
      ],
      'not answer': [failure('Connection timed out'), failure('Operation timed out')],
      'rfkill unblock': [failure('Operation not possible due to RF-kill'), failure('x', { errno: 132 })],
    };
    for (const [word, causes] of Object.entries(forms))
      for (const cause of causes) assert.match(said(cause), new RegExp(word), `${cause.message} is ${word}`);
    assert.match(said(failure('Something else')), /hci0 fails: Something else.*dmesg/);
    assert.match(said('no error at all'), /hci0 fails/);
  });

  it('is a block by software, with the command that lifts it', () => {
    kernel.switch('phy0', { type: 'wlan', soft: true });
    kernel.switch('hci1', { soft: true });
    assert.doesNotMatch(said(failure('x')), /rfkill/, 'the switch of another adapter');
    kernel.switch('hci0', { soft: true });
    assert.match(said(failure('Operation not possible due to RF-kill')), /blocked by rfkill \(hci0\)/);
    assert.match(said(failure('x')), /rfkill unblock bluetooth.*by itself/);
  });

  it('is a block by hardware, against which no command helps', () => {
    kernel.switch('hci0', { soft: true, hard: true });
    assert.match(said(failure('x')), /switched off by hardware.*no program can/);
    assert.doesNotMatch(said(failure('x')), /rfkill unblock/);
  });

  it('is the daemon that holds it, or another program by name', () => {
    const busy = failure('Device or resource busy');
    assert.match(said(busy), /held by another program.*hciconfig hci0 down/);
    kernel.process('77', { name: 'node', sockets: [4711] });
    kernel.process('78', { name: 'bash' });
    assert.match(said(failure('Too many users')), /held by node \(process 77\) \|/);
    kernel.process('512', { name: 'bluetoothd' });
    assert.match(said(busy), /held by bluetoothd \(process 512\).*systemctl disable --now bluetooth/);
  });

  it('is the capabilities that are missing, by name', () => {
    const refused = failure('Operation not permitted');
    kernel.process('self', { name: 'node', capabilities: 0n });
    assert.match(said(refused), /lacks CAP_NET_ADMIN and CAP_NET_RAW.*AmbientCapabilities=.*setcap/);
    kernel.process('self', { name: 'node', capabilities: NET_ADMIN });
    assert.match(said(refused), /lacks CAP_NET_RAW \|/);
    kernel.process('self', { name: 'node', capabilities: ALL_CAPABILITIES });
    assert.match(said(refused), /although it has the capabilities.*container/);
  });

  it('can be told of a board whose kernel says nothing', () => {
    assert.deepEqual(surroundings({ bluetooth: '/nowhere', rfkill: '/nowhere', proc: '/nowhere' }), {
      switches: [],
      missingCapabilities: undefined,
      holders: [],
    });
  });
});
