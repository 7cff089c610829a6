import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, type NpmModule } from './support-scripts.js';

const { lockIsInstalled } = (await load('setup/npm.mjs')) as NpmModule;

describe('whether npm has installed what the lock file asks for', () => {
  const lock = {
    '': { version: '0.1.0' },
    gatt: { version: '0.1.0' },
    'node_modules/@perigee/gatt': { link: true },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
    'node_modules/other-cpu': { version: '1.0.0', optional: true },
  };
  const installed = {
    gatt: { version: '0.1.0' },
    'node_modules/@perigee/gatt': { link: true },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
  };

  it('it has, when only an optional package of another machine is left out', () => {
    assert.equal(lockIsInstalled(lock, installed), true);
  });

  it('it has not, when a package has another version', () => {
    assert.equal(lockIsInstalled(lock, { ...installed, 'node_modules/a': { version: '1.0.1' } }), false);
  });

  it('it has not, when a package is missing', () => {
    const rest = Object.entries(installed).filter(([path]) => path !== 'node_modules/a/node_modules/b');
    assert.equal(lockIsInstalled(lock, Object.fromEntries(rest)), false);
  });

  it('it has not, when there is a package too many', () => {
    assert.equal(lockIsInstalled(lock, { ...installed, 'node_modules/c': { version: '1.0.0' } }), false);
  });
});
