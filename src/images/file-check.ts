import { PerigeeError, type Architecture, type Image } from '../domain/index.js';
import { linuxKernel } from './boot-protocol.js';
import { Fields } from './bytes.js';
import { diskFormat } from './disk-format.js';
import { parseElf } from './elf.js';

/**
 * What is plainly another thing than its manifest says is told before it is started: some of it a monitor takes, and then
 * nothing ever happens. What is not known may be a kernel all the same.
 *
 * @throws PerigeeError `image-invalid`.
 */
export function needKernel(image: Image, path: string, head: Uint8Array, architecture: Architecture): void {
  const what = otherThan(head, architecture);
  if (what === undefined) return;
  const message = `image ${image.name} cannot start: ${path} is ${what}, and its manifest gives it as a kernel for ${architecture}`;
  throw new PerigeeError(
    'image-invalid',
    message,
    `Correct the manifest; see perigee images inspect ${path}`,
  );
}

/**
 * A qcow2 may name a file of the machine in which QEMU then looks for all that it does not hold itself.
 *
 * @throws PerigeeError `image-invalid`.
 */
export function needWholeDisk(image: Image, path: string, head: Uint8Array): void {
  const disk = diskFormat(new Fields(head));
  if (disk?.kind !== 'qcow2' || !disk.refersToFile) return;
  const message = `image ${image.name} cannot start: ${path} refers to another file of the machine, which its guest could then read`;
  throw new PerigeeError(
    'image-invalid',
    message,
    'Make it whole: qemu-img convert -O qcow2 FILE disk.qcow2',
  );
}

function otherThan(head: Uint8Array, architecture: Architecture): string | undefined {
  const fields = new Fields(head);
  const elf = parseElf(fields);
  const built = elf ? (elf.architecture ?? elf.machine) : linuxKernel(fields)?.architecture;
  if (built !== undefined) return built === architecture ? undefined : `built for ${built}`;
  return diskFormat(fields) ? 'a disk' : undefined;
}
