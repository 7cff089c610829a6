import type { VmSpec } from '../domain/index.js';

const MIB = 2 ** 20;

/** What a monitor maps beside the guest's memory: 30 MiB at once, 128 MiB of flash, and up to 64 threads of 8 MiB for a disk. */
const MAPPED_MIB = 1024;
/** What it really uses of that, with its program and the cache of its files: measured at 40 MiB, and twice that with a disk. */
const USED_MIB = 128;
/** Its own threads, one a processor, and up to 64 for a disk. */
const THREADS = 128;
const DESCRIPTORS = 512;
/** What a guest may write to its disk: it goes to a file that nobody keeps, and must not fill the card. */
const WRITTEN_MIB = 1024;
/** Out of memory, the kernel ends a guest before the gateway. The highest is 1000. */
export const OOM_SCORE_ADJ = 500;

/** Of one process, as prlimit(1) takes them. `alone`: no other process has its user, and would be counted. */
export function resourceLimits(spec: VmSpec, processId: number, alone: boolean): readonly string[] {
  const writes = mayWriteBytes(spec);
  return [
    ...['--pid', String(processId), '--core=0', `--nofile=${DESCRIPTORS}`],
    `--data=${(spec.memoryMib + MAPPED_MIB) * MIB}`,
    ...(writes === undefined ? [] : [`--fsize=${writes}`]),
    ...(alone ? [`--nproc=${THREADS}`] : []),
  ];
}

/** How far into a file; undefined for a tender, whose guest writes to a copy of its disk, and cannot make it longer. */
function mayWriteBytes(spec: VmSpec): number | undefined {
  if (spec.monitor === 'qemu') return spec.boot.disk ? WRITTEN_MIB * MIB : 0;
  return spec.block ? undefined : 0;
}

/** Of one control group, by the files of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst), for the controllers there are. */
export function groupLimits(
  spec: VmSpec,
  controllers: readonly string[],
): readonly (readonly [file: string, value: string])[] {
  const limits = [
    ['memory.max', String((spec.memoryMib + USED_MIB) * MIB)],
    // All of a guest or nothing: half a monitor is none.
    ['memory.oom.group', '1'],
    ['pids.max', String(THREADS)],
    // As many processors as the guest has, and one for its devices.
    ['cpu.max', `${((spec.monitor === 'qemu' ? spec.vcpus : 1) + 1) * 100_000} 100000`],
  ] as const;
  return limits.filter(([file]) => controllers.some((controller) => file.startsWith(`${controller}.`)));
}
