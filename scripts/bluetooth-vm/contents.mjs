// What the virtual machine's RAM disk holds: BlueZ, Node and QEMU with their libraries, and the kernel's modules. The
// repository itself is shared with it.
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../kvm-board/run.mjs';
import { device, file, folder, treeAt } from '../kvm-board/cpio.mjs';

/** In this order: the kernel's pairing takes what it finds of the ciphers, and asks nobody to load them. */
const MODULES = [
  ...['ctr', 'sha512_generic', 'drbg', 'cmac', 'ecb', 'ecdh_generic', 'algif_hash', 'algif_skcipher'],
  ...['virtio_pci', 'virtio-rng', '9pnet_virtio', '9p', 'rfkill', 'hci_vhci', 'uhid'],
];
const TOOLS = [
  'btvirt',
  'bluetoothctl',
  'btmgmt',
  'btmon',
  'gatttool',
  'hciconfig',
  'hcitool',
  'dbus-daemon',
  'gdbus',
];
const DAEMON = 'usr/libexec/bluetooth/bluetoothd';
/** Of QEMU's firmware, what boots a unikernel is small. */
const MAX_FIRMWARE_BYTES = 300_000;

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
mount -t tmpfs run /run; mkdir /dev/shm; mount -t tmpfs shm /dev/shm
ln -s /run /var/run
ip link set lo up
for module in ${MODULES.join(' ')}; do modprobe $module || echo "no module $module"; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro perigee /perigee
mount --bind /perigee/$1 /perigee/node_modules/@abandonware/bluetooth-hci-socket
shift
export PATH=/usr/bin:/bin HOME=/tmp
cd /perigee
node "$@" || echo "ended with $?"
poweroff -f
`;

/** `tree` and `release`: the packages and their kernel's; yields what writeArchive takes. */
export async function contents({ tree, release }) {
  const programs = new Map(TOOLS.map((name) => [`usr/bin/${name}`, findProgram(tree, name)]));
  programs.set(DAEMON, join(tree, DAEMON));
  programs.set('usr/bin/node', process.execPath);
  // Which pidusage asks for the size of a page.
  programs.set('usr/bin/getconf', await onPath('getconf'));
  const qemu = await findQemu();
  for (const [name, path] of qemu.programs) programs.set(name, path);
  const libraries = await librariesOf(tree, [...programs.values()]);
  return (function* () {
    yield* ['dev', 'proc', 'sys', 'tmp', 'run', 'bin', 'etc', 'perigee', 'var', 'var/lib'].map(folder);
    yield device('dev/console', 5, 1);
    yield file('init', INIT);
    // Whom D-Bus knows.
    yield file('etc/passwd', 'root:x:0:0:root:/:/bin/sh\n');
    yield file('etc/group', 'root:x:0:\n');
    yield file('bin/busybox', readFileSync(findProgram(tree, 'busybox')));
    for (const [name, path] of [...programs, ...libraries, ...qemu.firmware, ...modulesOf(tree, release)]) {
      yield* above(name);
      yield file(name, readFileSync(path));
    }
    yield* treeAt(join(tree, 'etc', 'bluetooth'), 'etc/bluetooth');
    yield* treeAt(join(tree, 'etc', 'dbus-1', 'system.d'), 'etc/dbus-1/system.d');
  })();
}

function* above(name) {
  for (const { index } of name.matchAll(/\//g)) yield folder(name.slice(0, index));
}

function findProgram(tree, name) {
  const found = ['usr/bin', 'bin', 'usr/sbin', 'sbin'].map((path) => join(tree, path, name)).find(existsSync);
  if (found === undefined) throw new Error(`Debian's packages bring no ${name}`);
  return found;
}

const onPath = async (name) => realpathSync((await run('sh', ['-c', 'command -v "$0"', name])).trim());

/** QEMU of this machine, with its accelerator, which is a module of its own, and its firmware. */
async function findQemu() {
  const path = await onPath('qemu-system-x86_64');
  const folders = (await run(path, ['-L', 'help']))
    .trim()
    .split('\n')
    .filter(existsSync)
    .map((each) => realpathSync(each));
  const firmware = folders.flatMap((from) =>
    readdirSync(from)
      .filter((name) => /\.(bin|rom)$/.test(name) && statSync(join(from, name)).size < MAX_FIRMWARE_BYTES)
      .map((name) => [join(from, name).slice(1), join(from, name)]),
  );
  const accelerators = ['/usr/lib/x86_64-linux-gnu/qemu', '/usr/lib64/qemu', '/usr/lib/qemu']
    .map((from) => join(from, 'accel-tcg-x86_64.so'))
    .filter(existsSync);
  return { programs: [path, ...accelerators].map((each) => [each.slice(1), each]), firmware };
}

/** By the loader itself; those of the packages first, which this machine may lack. All into one folder. */
async function librariesOf(tree, programs) {
  const folders = ['usr/lib', 'lib'].map((path) => join(tree, path, 'x86_64-linux-gnu'));
  const env = { ...process.env, LD_LIBRARY_PATH: folders.join(':') };
  const libraries = new Map();
  for (const program of programs) {
    for (const line of (await run('ldd', [program], { env })).split('\n')) {
      if (line.includes('=> not found'))
        throw new Error(`${program} needs a library that is missing:${line}`);
      const library = /^\s*\S+ => (\/\S+)/.exec(line)?.[1];
      const loader = /^\s*(\/\S+) \(/.exec(line)?.[1];
      if (library !== undefined) libraries.set(`lib/x86_64-linux-gnu/${basename(library)}`, library);
      if (loader !== undefined) libraries.set(loader.slice(1), loader);
    }
  }
  return libraries;
}

/** The files of our modules and of those that they need, in `modules.dep`: "file: file file", paths from its folder. */
function modulesOf(tree, release) {
  const base = join(tree, 'lib', 'modules', release);
  const lines = readFileSync(join(base, 'modules.dep'), 'utf8').trim().split('\n');
  const needs = new Map(lines.map((line) => [line.split(':')[0], line.replace(':', '').trim().split(' ')]));
  const nameOf = (path) => basename(path).split('.')[0].replaceAll('_', '-');
  const files = MODULES.flatMap((name) => {
    const path = [...needs.keys()].find((each) => nameOf(each) === name.replaceAll('_', '-'));
    return path === undefined ? [] : needs.get(path);
  });
  return ['modules.dep', 'modules.alias', 'modules.symbols', ...new Set(files)].map((name) => [
    `lib/modules/${release}/${name}`,
    join(base, name),
  ]);
}
