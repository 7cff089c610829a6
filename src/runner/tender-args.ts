import type { TenderSpec } from '../domain/index.js';

/** Free in every program that we start: 3 and 4 are the socket pairs of QEMU's. */
const DISK_FD = 9;

/**
 * A tender opens its guest's disk for writing, and knows no copy on write. The guest gets a copy that has no name any more
 * when it starts, so that nothing is left of it however the run, or the gateway, ends; and may write to it, as it need not
 * to the disk. The shell becomes the tender.
 */
const ON_A_COPY = [
  'mkdir -p "$1" && cp --reflink=auto --no-preserve=mode -- "$2" "$1/disk" || exit',
  `exec ${DISK_FD}<>"$1/disk"`,
  'rm -- "$1/disk" && shift 2 && exec "$@"',
].join('\n');

/** The whole command line, the program first. `seen`: by what name the tender reaches a file, or its folder. */
export function tenderCommand(
  spec: TenderSpec,
  seen: (path: string) => string = (path) => path,
): readonly string[] {
  const { args, block, kernel, memoryMib, program, taps } = spec;
  const command = [
    ...[program, `--mem=${memoryMib}`],
    ...Object.entries(taps).map(([device, tap]) => `--net:${device}=${tap}`),
    ...(block ? [`--block:${block.name}=/dev/fd/${DISK_FD}`] : []),
    ...['--', seen(kernel)],
    // It joins its arguments with blanks, so one is as good as many.
    ...(args === '' ? [] : [args]),
  ];
  return block
    ? ['/bin/sh', '-c', ON_A_COPY, 'sh', seen(block.scratch), seen(block.path), ...command]
    : command;
}
