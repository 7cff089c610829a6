// The choice of an accelerator under a real KVM, on any machine: an emulated 64-bit ARM board with virtualisation runs
// Debian's kernel, which offers /dev/kvm; in it Node runs our trial, and Debian's QEMU our guest, under TCG and under KVM.
// Ends with 0 when KVM is chosen, by trial and from memory, no process is left, and a guest under KVM is confined as
// docs/security.md says: with a user, a control group and limits of its own.
// Needs a build (npm run build, npm run images), apt with Debian's sources, dpkg-deb, npm and qemu-system-aarch64;
// downloads about 150 MB; takes a minute; changes nothing on the machine. See docs/accelerators.md.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { contents } from './kvm-board/contents.mjs';
import { writeArchive } from './kvm-board/cpio.mjs';
import { fetchBoard } from './kvm-board/packages.mjs';

/** A quiet machine needs a tenth of this. */
const BOARD_LIMIT_MS = 8 * 60_000;
/** Half of the memory holds the RAM disk. */
const BOARD = [
  ...['-M', 'virt,virtualization=on,gic-version=2', '-cpu', 'cortex-a53', '-smp', '2', '-m', '1536'],
  ...['-accel', 'tcg,thread=multi', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ...['-serial', 'stdio', '-append', 'console=ttyAMA0 rdinit=/init panic=-1 quiet loglevel=1'],
];
const SHOWN = 3000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), 'perigee-kvm-board-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const board = await timed('fetched the board’s programs', () => fetchBoard(work));
const disk = join(work, 'initrd');
await timed('wrote its RAM disk', () => writeArchive(disk, contents(board.tree, board.node, root)));
const said = await timed('booted it, chose twice, and switched it off', () => boot());
process.exitCode = judge(said) ? 0 : 1;

async function timed(what, action) {
  const begin = performance.now();
  const result = await action();
  console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  return result;
}

/** Everything that the board says on its console. */
function boot() {
  return new Promise((resolve, reject) => {
    const args = [...BOARD, '-kernel', board.kernel, '-initrd', disk];
    const qemu = spawn('qemu-system-aarch64', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const end = () => qemu.kill('SIGKILL');
    const limit = setTimeout(end, BOARD_LIMIT_MS);
    process.once('exit', end);
    let text = '';
    qemu.stdout.on('data', (chunk) => (text += chunk));
    qemu.once('error', reject);
    qemu.once('close', () => {
      clearTimeout(limit);
      resolve(text);
    });
  });
}

function judge(text) {
  const found = [...text.matchAll(/^@@ (\w+) (.*?)\r?$/gm)].map(([, kind, json]) => [kind, JSON.parse(json)]);
  for (const [kind, value] of found) console.log(`${kind}: ${JSON.stringify(value, null, 2)}`);
  const choices = found.flatMap(([kind, value]) => (kind === 'choice' ? [value] : []));
  const left = found.find(([kind]) => kind === 'left')?.[1];
  const confined = found.find(([kind]) => kind === 'confinement')?.[1];
  const good =
    isConfined(confined) &&
    choices.map(({ accelerator, cached }) => `${accelerator} ${cached}`).join() === 'kvm false,kvm true' &&
    left?.length === 0;
  if (!good)
    console.log(
      `KVM was not chosen twice, a process was left, or a guest was not confined. The board said:\n${text.slice(-SHOWN)}`,
    );
  return good;
}

/** A guest under KVM with a user, a group and limits of its own, which the kernel ended for want of memory. */
function isConfined(found) {
  if (!found) return false;
  const { ready, user, kvmGroup, seccomp, ownGroup, limits, fileSize, safeguards } = found;
  return (
    [ready, ownGroup, Number.parseInt(user, 10) >= 65_536, Number.parseInt(kvmGroup, 10) === 108].every(
      Boolean,
    ) &&
    [seccomp, limits.slice(1).join()].join() === '2,128,200000 100000,1' &&
    /^0 /.test(fileSize) &&
    safeguards.length === 0 &&
    found.signal === 'SIGKILL' &&
    found.outOfMemory === true
  );
}
