import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { isClosed, locate, mayRead, mayStart, withGroupOf } from '../../src/confinement/reach.js';
import { tempFolder } from '../support/temp.js';

const STRANGER = { uid: 70_000, gid: 70_000 };

function fileOf(mode: number, folderMode = 0o755): string {
  const folder = tempFolder('reach');
  const file = join(folder, 'file');
  writeFileSync(file, '');
  chmodSync(file, mode);
  chmodSync(folder, folderMode);
  return file;
}

describe('a file', () => {
  it('may be read by others by its own mode, wherever it lies', () => {
    assert.equal(mayRead(fileOf(0o644, 0o700), STRANGER), true);
    assert.equal(mayRead(fileOf(0o640), STRANGER), false);
    assert.equal(mayRead(join(fileOf(0o644), 'none'), STRANGER), false);
  });

  it('may be started by others only where they may enter every folder on the way', () => {
    assert.equal(mayStart('/bin/sh', STRANGER), true);
    assert.equal(mayStart(fileOf(0o755, 0o700), STRANGER), false);
    assert.equal(mayStart(fileOf(0o754), STRANGER), false);
  });
});

describe('a program', () => {
  it('is found on a PATH that names folders which are none, or may not be entered', () => {
    const folder = tempFolder('path');
    mkdirSync(join(folder, 'loop'));
    symlinkSync('b', join(folder, 'loop', 'a'));
    symlinkSync('a', join(folder, 'loop', 'b'));
    const path = [join(folder, 'none'), fileOf(0o644), join(folder, 'loop', 'a'), '', '/bin'].join(delimiter);
    assert.equal(locate('sh', path), '/bin/sh');
    assert.equal(locate('no-such-program', path), undefined);
  });
});

describe('a device', () => {
  it('is open to whoever is started with its group, and closed where only its owner may open it', () => {
    const shared = fileOf(0o660);
    assert.deepEqual(withGroupOf(shared, STRANGER), { uid: 70_000, gid: process.getgid?.() });
    assert.equal(isClosed(shared, STRANGER), false);
    assert.equal(isClosed(fileOf(0o600), STRANGER), true);
    assert.deepEqual(withGroupOf(fileOf(0o666), STRANGER), STRANGER);
    assert.equal(isClosed('/dev/no-such-device', STRANGER), false);
  });
});
