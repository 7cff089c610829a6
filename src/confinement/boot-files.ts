import type { VmSpec } from '../domain/index.js';

/** What a monitor opens for its guest, in the order in which it inherits it open. */
export function bootFiles(spec: VmSpec): readonly string[] {
  const files =
    spec.monitor === 'qemu'
      ? [spec.boot.kernel, spec.boot.initrd, spec.boot.disk?.path]
      : [spec.kernel, spec.block?.path];
  return files.filter((path) => path !== undefined);
}
