import type { Architecture, ConsoleEnds, DebugExit, Flavour, Machine } from '../domain/index.js';

/** What one family of unikernels is to a monitor. Where it says `seen`, real images were run that way by others or by us. */
export interface FlavourFacts {
  /** By architecture; the CPU is TCG's, under KVM the guest sees the board's own. */
  readonly machines: Readonly<Partial<Record<Architecture, Machine>>>;
  /** Why an architecture is missing: a sentence. */
  readonly cannot: Readonly<Partial<Record<Architecture, string>>>;
  /** How arguments reach the program: the kernel's command line, behind the initrd's name, or only when the image is made. */
  readonly args: 'append' | 'initrd' | 'image';
  /** Where the first word of the command line is the program's name, and QEMU puts none there: multiboot has the kernel's path. */
  readonly nameFirst?: readonly Architecture[];
  /** How the kernel gets its initrd, where not as Linux does: as a multiboot module, or at an address. */
  readonly initrdAs?: Readonly<Partial<Record<Architecture, 'module' | number>>>;
  /** By which a guest that reports by frames is told to wait for the next gateway when its own has gone. */
  readonly lingerArgs?: string;
  /** QEMU cannot load the kernels of this family: ours does (images/loader). */
  readonly loader?: 'multiboot64';
  /** On x86 only: there is no such device elsewhere. */
  readonly debugExit?: DebugExit;
  readonly ends: ConsoleEnds;
}

/**
 * Ours needs virtio-mmio, an interrupt controller and one timer; everything else that a machine brings costs start time:
 * microvm with its default ACPI takes SeaBIOS, 25 ms more.
 */
const MODERN_MMIO = ['-global', 'virtio-mmio.force-legacy=false'];
const MICROVM: Machine = {
  machine: 'microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=off',
  cpu: 'max',
  extra: MODERN_MMIO,
  bus: 'mmio',
};

/** The safe default for images of others on x86: under microvm most of them halt, crash or hang. */
const PC: Machine = { machine: 'pc', cpu: 'max', extra: ['-device', 'pvpanic'], bus: 'pci' };
const PC_NO_ACPI: Machine = { ...PC, machine: 'pc,acpi=off', cpu: 'Westmere' };
/** For Nanos, which asks the host for what a processor of TCG's may not have. */
const RANDOM = ['-device', 'virtio-rng-pci'];
const Q35: Machine = { ...PC, machine: 'q35', extra: [...PC.extra, ...RANDOM] };

const virt = (machine: string, cpu: string, bus: Machine['bus'], extra: readonly string[] = []): Machine => ({
  machine: `virt,${machine}`,
  cpu,
  extra,
  bus,
});

/** Asked for since 0.17. */
const NO_RDSEED =
  "it needs RDRAND and RDSEED, and QEMU 7.2's TCG has no RDSEED: use KVM, or build it without CONFIG_LIBUKRANDOM";

const NO_32_BIT = 'this family has no 32-bit ARM port';

const QUIET: ConsoleEnds = { done: [], crashed: [], advice: [], powerOff: 'completed', halts: false };

/** Solo5 writes 41 whatever happened. */
const SOLO5_EXIT: DebugExit = { port: 0x501, bytes: 2, writes: 'nothing' };

/** Where a solo5 guest of any kind tells its end. Its QEMU ends with status 83 whatever happened. */
const SOLO5_ENDS: ConsoleEnds = {
  ...QUIET,
  done: [/^Solo5: solo5_exit\((\d+)\) called/],
  crashed: [/^Solo5: solo5_abort\(\) called/, /^Solo5: trap: .*/, /^Solo5: ABORT: .*/],
  powerOff: 'crashed',
};

/** A tender passes the guest's status on, which says more than a line that the guest may or may not print. */
export const TENDER_ENDS: ConsoleEnds = { ...SOLO5_ENDS, done: [] };

export const FLAVOUR_FACTS: Readonly<Record<Flavour, FlavourFacts>> = {
  perigee: {
    machines: {
      x86_64: MICROVM,
      arm64: virt('gic-version=2,highmem=off,its=off,acpi=off', 'cortex-a53', 'mmio', MODERN_MMIO),
      armv7: virt('gic-version=2,acpi=off', 'cortex-a7', 'mmio', MODERN_MMIO),
    },
    cannot: {},
    args: 'append',
    lingerArgs: 'linger=1',
    // Done comes as a frame, or on the console of one without a channel; a power-off without is a guest that lost its way.
    ends: { ...QUIET, done: [/^done (\d{1,3})$/], crashed: [/^panic: .*/], powerOff: 'crashed' },
  },
  unikraft: {
    machines: { x86_64: PC, arm64: virt('gic-version=2,acpi=off', 'max', 'mmio') },
    cannot: { armv7: NO_32_BIT },
    args: 'append',
    nameFirst: ['arm64'],
    ends: {
      ...QUIET,
      done: [/\bmain returned (-?\d+)/],
      crashed: [
        /\bCRIT: .*/,
        /.*HWRNG \(-\d+\).*/,
        /.*\bInit function at .* returned error .*/,
        /.*[Ii]nit(?:ialization)? .*failed.*/,
      ],
      advice: [[/HWRNG \(-95\)/, NO_RDSEED]],
    },
  },
  osv: {
    machines: { x86_64: PC, arm64: virt('gic-version=max,acpi=off', 'max', 'pci') },
    cannot: { armv7: NO_32_BIT },
    args: 'append',
    ends: {
      ...QUIET,
      // Told with --verbose only.
      done: [/^program .* returned (-?\d+)/, /^program exited with status (-?\d+)/],
      crashed: [/^\[backtrace\].*/, /^Assertion failed: .*/, /^page fault outside application.*/, /^Aborted/],
    },
  },
  mirage: {
    machines: { x86_64: PC_NO_ACPI },
    cannot: {
      arm64: 'it is built for QEMU, which Solo5 supports on x86_64 only: build it for hvt or spt',
      armv7: NO_32_BIT,
    },
    args: 'append',
    debugExit: SOLO5_EXIT,
    ends: SOLO5_ENDS,
  },
  includeos: {
    machines: { x86_64: PC },
    cannot: { arm64: 'it is for x86 only', armv7: 'it is for x86 only' },
    args: 'initrd',
    initrdAs: { x86_64: 'module' },
    loader: 'multiboot64',
    ends: {
      ...QUIET,
      done: [/returned with status (-?\d+)/, /Service exiting with status (-?\d+)/],
      crashed: [/\*{4} PANIC \*{4}.*/, /^perigee loader: .*/],
    },
  },
  nanos: {
    machines: { x86_64: Q35, arm64: virt('gic-version=2,acpi=off', 'max', 'pci', RANDOM) },
    cannot: { armv7: NO_32_BIT },
    args: 'image',
    // Only of an image that says debug_exit; the others power off, whatever their status.
    debugExit: { port: 0x501, bytes: 1, writes: 'status' },
    ends: {
      ...QUIET,
      crashed: [
        /^\*\*\* .*signal \d+.*/,
        /^(?:PAGE FAULT|General protection).*/i,
        // It powers off after these, as after a good end.
        /^unable to open filesystem.*/,
        /^multiple root filesystems found/,
        /^program startup failed.*/,
      ],
      advice: [
        [/unable to open filesystem/, 'its disk needs boot image and kernel: mkfs -b boot.img -k kernel.img'],
      ],
    },
  },
  hermit: {
    machines: { x86_64: PC, arm64: virt('gic-version=3,acpi=off', 'max', 'mmio') },
    cannot: { armv7: NO_32_BIT },
    args: 'append',
    initrdAs: { x86_64: 'module', arm64: 0x48000000 },
    debugExit: { port: 0xf4, bytes: 4, writes: 'success' },
    ends: { ...QUIET, crashed: [/.*\[PANIC\].*/] },
  },
  rumprun: {
    machines: { x86_64: PC },
    cannot: { arm64: 'it is for x86 only', armv7: 'it is for x86 only' },
    args: 'append',
    ends: {
      ...QUIET,
      done: [/^=== main\(\) of "[^"]*" returned (-?\d+) ===/],
      crashed: [/^panic: .*/],
      halts: true,
    },
  },
  linux: {
    machines: {
      x86_64: PC,
      arm64: virt('gic-version=max', 'max', 'pci'),
      armv7: virt('gic-version=2', 'cortex-a15', 'pci'),
    },
    cannot: {},
    args: 'append',
    ends: { ...QUIET, crashed: [/.*Kernel panic - not syncing: .*/] },
  },
  raw: {
    machines: {
      x86_64: PC,
      arm64: virt('gic-version=max', 'max', 'pci'),
      armv7: virt('gic-version=2', 'cortex-a15', 'pci'),
    },
    cannot: {},
    args: 'append',
    ends: QUIET,
  },
};
