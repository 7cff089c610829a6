import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NativeSockets } from '../../src/radio/native-sockets.js';
import { tempFolder } from '../support/temp.js';

const proc = tempFolder('native-sockets');
mkdirSync(join(proc, 'self/fd'), { recursive: true });
mkdirSync(join(proc, 'net'));
const link = (descriptor: number): string => join(proc, 'self/fd', String(descriptor));
const inodes: number[] = [];

/** A descriptor that /proc says leads to this socket, which is a Bluetooth one if the kernel lists it. */
function open(inode: number, listed: boolean): number {
  const descriptor = openSync('/dev/null', 'r');
  rmSync(link(descriptor), { force: true });
  symlinkSync(`socket:[${inode}]`, link(descriptor));
  if (listed) inodes.push(inode);
  const rows = inodes.map((each) => `0000000000000000 2      0      0      0      ${each}  0     \n`);
  writeFileSync(
    join(proc, 'net/hci'),
    `sk               RefCnt Rmem   Wmem   User   Inode  Parent\n${rows.join('')}`,
  );
  return descriptor;
}

function isOpen(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    return false;
  }
}

describe('the sockets of native code', () => {
  it('are the Bluetooth sockets that came while it ran, and no others are closed', () => {
    const sockets = new NativeSockets(proc);
    const others = [open(1, true)];
    const opened = sockets.during(() => {
      others.push(open(2, false));
      return open(3, true);
    });
    others.push(open(4, true));
    assert.equal(sockets.count, 1);
    sockets.close();
    assert.equal(isOpen(opened), false);
    assert.deepEqual(others.map(isOpen), [true, true, true]);
    for (const descriptor of others) closeSync(descriptor);
  });

  it('are found also when opening ended in an error', () => {
    const sockets = new NativeSockets(proc);
    let opened = -1;
    const opening = (): never => {
      opened = open(5, true);
      throw new Error('held');
    };
    assert.throws(() => sockets.during(opening), /held/);
    sockets.close();
    assert.equal(isOpen(opened), false);
  });

  it('are not closed twice: a number may be another file by then', () => {
    const sockets = new NativeSockets(proc);
    const descriptor = sockets.during(() => open(6, true));
    rmSync(link(descriptor));
    symlinkSync('/dev/null', link(descriptor));
    sockets.close();
    assert.equal(isOpen(descriptor), true);
    closeSync(descriptor);
  });
});
