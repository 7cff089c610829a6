// A virtual machine with a real kernel's Bluetooth and emulated controllers, in which Node runs a program of this repository.
// Needs QEMU, Debian's apt and dpkg-deb, python3, make and g++; downloads 75 MB once; changes nothing on the machine.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { writeArchive } from '../kvm-board/cpio.mjs';
import { withLock } from '../setup/lock.mjs';
import { contents } from './contents.mjs';
import { compileDriver } from './driver.mjs';
import { fetchPackages } from './packages.mjs';

const MACHINE = [
  ...['-M', 'pc', '-accel', 'tcg,thread=multi', '-cpu', 'max,la57=off', '-smp', '2', '-m', '1024'],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
  ...['-device', 'virtio-rng-pci'],
];
/** What the kernel would try, wait for or distrust under emulation. */
const KERNEL =
  'console=ttyS0 quiet loglevel=1 edd=off nokaslr mitigations=off cryptomgr.notests tsc=reliable random.trust_cpu=on panic=-1 rdinit=/init';

/** What a machine is made of: fetched and compiled once, and kept in `build` below `root`. Rejects with what is missing. */
export async function prepareMachine(root) {
  if (process.arch !== 'x64') throw new Error(`it needs an x86-64 machine, and this is ${process.arch}`);
  const folder = join(root, 'build', 'bluetooth-vm');
  return withLock(folder, async () => {
    mkdirSync(folder, { recursive: true });
    const packages = await fetchPackages(folder);
    const driver = await compileDriver(root, folder);
    return { ...packages, driver: driver.slice(root.length + 1), root };
  });
}

/** Runs `program` (a path below the root, then arguments); `heard` gets each line of the console. Resolves at its end. */
export async function runMachine(parts, program, heard, limitMs) {
  const work = mkdtempSync(join(tmpdir(), 'perigee-bluetooth-vm-'));
  try {
    const disk = join(work, 'initrd');
    writeArchive(disk, await contents(parts));
    await boot(parts, disk, [parts.driver, ...program], heard, limitMs);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function boot({ kernel, root }, disk, words, heard, limitMs) {
  const share = `local,path=${root.replaceAll(',', ',,')},mount_tag=perigee,security_model=none,readonly=on,multidevs=remap`;
  const args = [
    ...MACHINE,
    ...['-virtfs', share, '-kernel', kernel, '-initrd', disk, '-append', `${KERNEL} -- ${words.join(' ')}`],
  ];
  return new Promise((resolve, reject) => {
    const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const end = () => qemu.kill('SIGKILL');
    const limit = setTimeout(end, limitMs);
    process.once('exit', end);
    for (const stream of [qemu.stdout, qemu.stderr]) createInterface({ input: stream }).on('line', heard);
    qemu.once('error', reject);
    qemu.once('close', () => {
      clearTimeout(limit);
      process.off('exit', end);
      resolve();
    });
  });
}
