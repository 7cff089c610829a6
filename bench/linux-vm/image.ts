import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Architecture } from '../../src/domain/index.js';
import { PACKAGE_ROOT } from '../../src/platform/index.js';

/** Debian's kernel for virtual machines: what an ordinary, well-made Linux VM boots. Other architectures have none here. */
const KERNELS: Readonly<
  Partial<
    Record<Architecture, { readonly metapackage: string; readonly target: string; readonly console: string }>
  >
> = {
  x86_64: { metapackage: 'linux-image-cloud-amd64', target: 'x86_64-linux-gnu', console: 'ttyS0' },
  arm64: { metapackage: 'linux-image-cloud-arm64', target: 'aarch64-linux-gnu', console: 'ttyAMA0' },
};
export const LINUX_IMAGE = 'linux-vm';
/** Kept between benches: 60 MB of downloads for one figure. */
const CACHE = join(tmpdir(), 'perigee-bench-linux');

/**
 * Writes an image of Debian's newest kernel with a static program as its only process into `images`.
 * Undefined where that cannot be had: another architecture, no apt, no package sources.
 */
export async function writeLinuxImage(
  images: string,
  architecture: Architecture,
): Promise<string | undefined> {
  const facts = KERNELS[architecture];
  if (!facts) return undefined;
  const kernel = fetchKernel(facts.metapackage);
  if (kernel === undefined) return undefined;
  const folder = join(images, LINUX_IMAGE);
  mkdirSync(folder, { recursive: true });
  copyFileSync(kernel, join(folder, 'vmlinuz'));
  const init = join(CACHE, `init-${architecture}`);
  const flags = ['-O2', '-ffreestanding', '-fno-stack-protector', '-nostdlib', '-static', '-fuse-ld=lld'];
  const source = join(PACKAGE_ROOT, 'bench', 'linux-vm', 'init.c');
  execFileSync('clang', [`--target=${facts.target}`, ...flags, '-o', init, source]);
  const cpio = (await import(pathToFileURL(join(PACKAGE_ROOT, 'scripts', 'kvm-board', 'cpio.mjs')).href)) as {
    file(name: string, data: Uint8Array): object;
    device(name: string, major: number, minor: number): object;
    folder(name: string): object;
    writeArchive(path: string, entries: readonly object[]): void;
  };
  const entries = [
    cpio.folder('dev'),
    cpio.device('dev/console', 5, 1),
    cpio.file('init', readFileSync(init)),
  ];
  cpio.writeArchive(join(folder, 'initrd'), entries);
  writeFileSync(join(folder, 'image.yaml'), manifest(folder, architecture, facts.console));
  return LINUX_IMAGE;
}

function manifest(folder: string, architecture: Architecture, console: string): string {
  const file = (name: string): string =>
    `{ ${architecture}: { file: ${name}, sha256: ${createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')} } }`;
  return [
    `name: ${LINUX_IMAGE}`,
    'version: "1"',
    'flavour: linux',
    'memoryMib: 128',
    `args: console=${console} quiet panic=-1 tsc=reliable`,
    'readyWithinMs: 120000',
    `kernels: ${file('vmlinuz')}`,
    `initrds: ${file('initrd')}`,
    '',
  ].join('\n');
}

function fetchKernel(metapackage: string): string | undefined {
  const found = (): string | undefined => {
    const boot = join(CACHE, metapackage, 'boot');
    const name = existsSync(boot) ? readdirSync(boot).find((each) => each.startsWith('vmlinuz-')) : undefined;
    return name === undefined ? undefined : join(boot, name);
  };
  if (found() !== undefined) return found();
  const folder = join(CACHE, metapackage);
  mkdirSync(folder, { recursive: true });
  try {
    const dependencies = execFileSync('apt-cache', ['depends', metapackage], { encoding: 'utf8' });
    const kernel = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
    if (kernel === undefined) return undefined;
    execFileSync('apt-get', ['download', '-q', kernel], { cwd: folder, stdio: 'ignore' });
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive === undefined) return undefined;
    // Its modules would be ten times as much.
    execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | tar -x ./boot', archive], { cwd: folder });
    return found();
  } catch {
    // No apt, no sources, no network: the figure is left out, and says so.
    return undefined;
  }
}
