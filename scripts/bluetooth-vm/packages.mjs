// Debian's packages, downloaded and unpacked: a kernel with Bluetooth, BlueZ with its emulated controllers, and what else the
// virtual machine needs and this one lacks. The machine's own apt and dpkg are asked, and change in nothing. Needs no root.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../kvm-board/run.mjs';
import { readStamp, writeStamp } from '../setup/stamp.mjs';

/** It depends on the newest generic kernel; the one for clouds has no Bluetooth. */
const KERNEL_PACKAGE = 'linux-image-amd64';
const PACKAGES = ['bluez', 'bluez-test-tools', 'busybox-static', 'kmod', 'dbus-daemon', 'libglib2.0-bin'];
/** Of the kernel's package, which would be 400 MB. */
const KERNEL_FILES = [
  ...['*/vmlinuz-*', '*/modules.*', '*/kernel/net/*', '*/kernel/fs/*', '*/kernel/crypto/*', '*/kernel/lib/*'],
  ...['bluetooth', 'char', 'hid', 'virtio'].map((name) => `*/kernel/drivers/${name}/*`),
];
/** Names with patterns, since every version has another. */
const KERNEL_ONLY =
  'archive=$0; tree=$1; shift; dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$tree" --wildcards "$@"';

/** The tree of all packages, in `folder`: there already, or fetched now. */
export async function fetchPackages(folder) {
  const tree = join(folder, 'tree');
  const stamp = join(folder, 'packages.json');
  const digest = [KERNEL_PACKAGE, ...PACKAGES, ...KERNEL_FILES].join(' ');
  if (readStamp(stamp)?.digest !== digest) {
    const aside = join(folder, 'fetched');
    rmSync(aside, { recursive: true, force: true });
    await fetchInto(aside);
    rmSync(tree, { recursive: true, force: true });
    renameSync(join(aside, 'tree'), tree);
    rmSync(aside, { recursive: true });
    writeStamp(stamp, { digest });
  }
  const release = readdirSync(join(tree, 'lib', 'modules'))[0];
  return { tree, release, kernel: join(tree, 'boot', `vmlinuz-${release}`) };
}

async function fetchInto(folder) {
  const tree = join(folder, 'tree');
  const archives = join(folder, 'archives');
  for (const path of [tree, join(folder, 'lists', 'partial'), join(archives, 'partial')])
    mkdirSync(path, { recursive: true });
  const apt = privateApt(folder, archives);
  await apt('apt-get', 'update', '-q', '-o', 'APT::Update::Error-Mode=any');
  const dependencies = await apt('apt-cache', 'depends', KERNEL_PACKAGE);
  const kernel = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
  if (kernel === undefined) throw new Error(`apt knows no ${KERNEL_PACKAGE}: this needs Debian's sources`);
  // With all that they need and this machine lacks; what it has is taken from it.
  const plan = ['install', '--download-only', '--reinstall', '--no-install-recommends', '-qy'];
  await apt('apt-get', ...plan, ...PACKAGES);
  for (const name of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    await run('dpkg-deb', ['-x', join(archives, name), tree]);
  await apt('apt-get', 'download', '-q', kernel);
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  await run('sh', ['-c', KERNEL_ONLY, join(folder, archive), tree, ...KERNEL_FILES]);
  const [release] = readdirSync(join(tree, 'lib', 'modules'));
  await run(join(tree, 'bin', 'kmod'), ['-b', tree, release], { argv0: 'depmod' });
}

/** The machine's sources and status, with lists and archives of our own. */
function privateApt(folder, archives) {
  const settings = {
    'APT::Sandbox::User': '',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': archives,
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  };
  const config = join(folder, 'apt.conf');
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";\n`);
  writeFileSync(config, lines.join(''));
  const env = { ...process.env, APT_CONFIG: config };
  return (program, ...args) => run(program, args, { cwd: folder, env });
}
