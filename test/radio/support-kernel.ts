import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelPaths } from '../../src/radio/index.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('kernels');

/** What Linux shows of a board's Bluetooth, laid out in a folder as the kernel lays it out. */
export interface TestKernel {
  readonly paths: KernelPaths;
  plugIn(adapter: string): void;
  pullOut(adapter: string): void;
  switch(
    name: string,
    state: { readonly soft?: boolean; readonly hard?: boolean; readonly type?: string },
  ): void;
  /** With these bits of capabilities, and the inodes of its Bluetooth sockets. */
  process(
    entry: string,
    program: { readonly name: string; readonly capabilities?: bigint; readonly sockets?: readonly number[] },
  ): void;
}

export const ALL_CAPABILITIES = 0x1ffffffffffn;
export const NET_ADMIN = 1n << 12n;

export function layOutKernel(): TestKernel {
  const root = mkdtempSync(join(folder, 'kernel-'));
  const paths = {
    bluetooth: join(root, 'bluetooth'),
    rfkill: join(root, 'rfkill'),
    proc: join(root, 'proc'),
  };
  Object.values(paths).forEach((path) => mkdirSync(path));
  const inodes: number[] = [];
  let switches = 0;
  return {
    paths,
    plugIn: (adapter) => mkdirSync(join(paths.bluetooth, adapter)),
    pullOut: (adapter) => rmSync(join(paths.bluetooth, adapter), { recursive: true }),
    switch(name, { hard = false, soft = false, type = 'bluetooth' }) {
      const entry = join(paths.rfkill, `rfkill${switches++}`);
      mkdirSync(entry);
      const files = { name, type, soft: soft ? '1' : '0', hard: hard ? '1' : '0' };
      for (const [file, text] of Object.entries(files)) writeFileSync(join(entry, file), `${text}\n`);
    },
    process(entry, { capabilities = 0n, name, sockets = [] }) {
      const own = join(paths.proc, entry);
      mkdirSync(join(own, 'fd'), { recursive: true });
      writeFileSync(join(own, 'comm'), `${name}\n`);
      const mask = capabilities.toString(16).padStart(16, '0');
      writeFileSync(join(own, 'status'), `Name:\t${name}\nCapPrm:\t${mask}\nCapEff:\t${mask}\n`);
      sockets.forEach((inode, fd) => symlinkSync(`socket:[${inode}]`, join(own, 'fd', String(fd))));
      inodes.push(...sockets);
      mkdirSync(join(paths.proc, 'net'), { recursive: true });
      const rows = inodes.map((inode) => `0000000000000000 2      0      0      0      ${inode}  0     `);
      const head = 'sk               RefCnt Rmem   Wmem   User   Inode  Parent';
      writeFileSync(join(paths.proc, 'net/hci'), `${[head, ...rows].join('\n')}\n`);
    },
  };
}
