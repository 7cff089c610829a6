import type { BootSet, Image, Solo5Note } from '../domain/index.js';

export function solo5Names({ devices }: Solo5Note, kind: 'net' | 'block'): readonly string[] {
  return devices.flatMap((device) => (device.kind === kind ? [device.name] : []));
}

/** Of a Solo5 image for QEMU, which aborts when it misses one. One line, or undefined. */
export function missingDevice({ network }: Image, { disk }: BootSet, note: Solo5Note): string | undefined {
  const [nets, blocks] = [solo5Names(note, 'net'), solo5Names(note, 'block')];
  if (nets.length > 1) return `it needs ${nets.length} network devices, and QEMU's guests have one`;
  if (nets.length > 0 && network === undefined)
    return `it needs the network device ${nets.join()}: give it network: metrics`;
  if (blocks.length > 1) return `it needs ${blocks.length} disks, and an image has one`;
  return blocks.length > 0 && !disk ? `it needs a disk, for its block device ${blocks.join()}` : undefined;
}
