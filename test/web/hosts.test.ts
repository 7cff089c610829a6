import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isOurHost, namesOf } from '../../src/web/hosts.js';

const names = namesOf('raspberrypi', '0.0.0.0');

describe('the names of a machine', () => {
  it('are what a person can type, and no address', () => {
    assert.deepEqual(names, ['localhost', 'raspberrypi', 'raspberrypi.local']);
  });
});

describe('a Host header', () => {
  for (const host of [
    'raspberrypi.local:7878',
    'RaspberryPi.local',
    'raspberrypi:7878',
    'localhost:1',
    '192.168.1.20:7878',
    '127.0.0.1',
    '[::1]:7878',
    '[fe80::1]',
  ]) {
    it(`that says ${host} is ours`, () => assert.equal(isOurHost(host, names), true));
  }

  for (const host of [
    undefined,
    '',
    'evil.com',
    'evil.com:1:2',
    'raspberrypi.local.evil.com',
    'localhost:1:2',
    '1.2.3.4.evil.com',
    '1.2.3',
    '999.1.1.1',
    '::1',
    '[evil.com]',
    '[::1',
    '[::1]evil.com',
    'localhost@evil.com',
    'localhost:port',
  ]) {
    it(`that says ${host ?? 'nothing'} is not`, () => assert.equal(isOurHost(host, names), false));
  }

  it('may name what is configured, and the short name of a machine with a long one', () => {
    const ours = namesOf('pi.example.org', 'Sensors.example.org');
    for (const host of ['sensors.example.org:80', 'pi.example.org', 'pi.local'])
      assert.equal(isOurHost(host, ours), true, host);
    assert.equal(isOurHost('pi', ours), false);
  });
});
