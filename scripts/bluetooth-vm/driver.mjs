// The native code of @abandonware's drivers, which comes as source: compiled in a copy, for the Node that runs this.
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../kvm-board/run.mjs';

const PACKAGE = join('node_modules', '@abandonware', 'bluetooth-hci-socket');
/** What `node-pre-gyp`, which the package's install script runs, tells node-gyp. */
const NAMES = ['--module_name=bluetooth_hci_socket', '--module_path=lib/binding'];

/** The package with its compiled code, in `folder` below `root`: there already, or compiled now. */
export async function compileDriver(root, folder) {
  const source = join(root, PACKAGE);
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const copy = join(folder, `bluetooth-hci-socket-${version}-${process.versions.modules}`);
  if (existsSync(join(copy, 'build', 'Release', 'bluetooth_hci_socket.node'))) return copy;
  rmSync(copy, { recursive: true, force: true });
  cpSync(source, copy, { recursive: true });
  const gyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  await run(process.execPath, [gyp, 'rebuild', ...NAMES, ...headers()], { cwd: copy });
  return copy;
}

/** Node's headers lie beside it, in a package of a distribution as in an archive from nodejs.org; else node-gyp fetches them. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? [`--nodedir=${prefix}`] : [];
}
