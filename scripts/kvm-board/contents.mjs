// What the emulated board's RAM disk holds: QEMU and its libraries, Node, and this package with what it imports.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { device, file, folder, treeAt } from './cpio.mjs';

/** Of Debian's packages; the libraries whole, since picking them would take a reader of ELF files. */
const SYSTEM = [
  ...['usr/bin/qemu-system-aarch64', 'usr/bin/prlimit', 'bin/busybox', 'lib/ld-linux-aarch64.so.1'],
  ...['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu'],
];
const OURS = [
  'package.json',
  'dist/src',
  'images/build/hello',
  'scripts/kvm-board',
  'node_modules/@perigee/proto',
];
const SCHEMAS = ['proto/package.json', 'proto/generated'];
/** What the folders that the probe joins import. */
const PACKAGES = ['execa', 'pidusage', 'pino', 'protobufjs', 'valibot', 'yaml'];

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
export PATH=/bin:/usr/bin
/bin/node /perigee/scripts/kvm-board/probe.mjs
# As a service with Delegate=yes, and as udev gives the device to a group.
mount -t sysfs sys /sys; mount -t cgroup2 cgroup /sys/fs/cgroup
echo '+memory +pids +cpu' > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/perigee.service
chgrp 108 /dev/kvm; chmod 660 /dev/kvm
sh -c 'echo $$ > /sys/fs/cgroup/perigee.service/cgroup.procs; exec node /perigee/scripts/kvm-board/confinement.mjs'
poweroff -f
`;

/** `tree`: the unpacked packages; `node`: the program; `root`: this repository, built. */
export function* contents(tree, node, root) {
  yield* ['dev', 'proc', 'sys', 'tmp'].map(folder);
  yield device('dev/console', 5, 1);
  yield file('init', INIT);
  for (const name of SYSTEM) yield* treeAt(join(tree, name), name);
  yield* treeAt(node, 'bin/node');
  const packages = withDependencies(root, PACKAGES).map((name) => `node_modules/${name}`);
  for (const name of [...OURS, ...SCHEMAS, ...packages]) yield* treeAt(join(root, name), `perigee/${name}`);
}

/** npm puts what nobody needs in two versions into the top folder, and the rest below its user. */
function withDependencies(root, names) {
  const all = new Set(names);
  for (const name of all) {
    const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
    for (const dependency of Object.keys(JSON.parse(text).dependencies ?? {})) all.add(dependency);
  }
  return [...all];
}
