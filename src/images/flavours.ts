import { join } from 'node:path';
import {
  PerigeeError,
  type Architecture,
  type Flavour,
  type Image,
  type Machine,
  type RunId,
  type VmSpec,
} from '../domain/index.js';

/** What the board decides, and not the image. */
export interface HostChoices {
  readonly architecture: Architecture;
  readonly accelerator: 'tcg' | 'kvm';
  /** Looked in for QEMU before the PATH; absent for the PATH only. */
  readonly qemuDirectory?: string | undefined;
}

export const QEMU_PROGRAMS: Record<Architecture, string> = {
  x86_64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
  armv7: 'qemu-system-arm',
};

/** Under KVM the guest sees the board's own CPU; under TCG one that every supported QEMU can emulate. */
const CPUS: Record<HostChoices['accelerator'], Record<Architecture, string>> = {
  tcg: { x86_64: 'max', arm64: 'cortex-a53', armv7: 'cortex-a7' },
  kvm: { x86_64: 'host', arm64: 'host', armv7: 'host' },
};

/**
 * The machine of each family on each architecture. Ours needs virtio-mmio, an interrupt controller and one timer;
 * everything else that a machine brings costs start time: microvm with its default ACPI takes SeaBIOS, 25 ms more.
 */
const MACHINES: Record<Flavour, Partial<Record<Architecture, Omit<Machine, 'cpu'>>>> = {
  perigee: {
    x86_64: {
      machine: 'microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=off',
      extra: ['-global', 'virtio-mmio.force-legacy=false'],
    },
    arm64: {
      machine: 'virt,gic-version=2,highmem=off,its=off,acpi=off',
      extra: ['-global', 'virtio-mmio.force-legacy=false'],
    },
    armv7: { machine: 'virt,gic-version=2,acpi=off', extra: ['-global', 'virtio-mmio.force-legacy=false'] },
  },
};

/** @throws PerigeeError `run-refused` where the image has no kernel for this board, or its family cannot run on it. */
export function vmSpec(image: Image, args: string, runId: RunId, host: HostChoices): VmSpec {
  const { architecture, accelerator } = host;
  const machine = MACHINES[image.flavour][architecture];
  const kernel = image.kernels[architecture];
  if (!machine || !kernel) {
    const has = Object.keys(image.kernels).join(', ') || 'none';
    const message = `image ${image.name} cannot run on ${architecture}: its kernels are for ${has}`;
    throw new PerigeeError(
      'run-refused',
      message,
      `Build it for ${architecture}: make -C images ARCHES=${architecture}`,
    );
  }
  const program = QEMU_PROGRAMS[architecture];
  return {
    name: `perigee-${runId}`,
    architecture,
    accelerator,
    program: host.qemuDirectory === undefined ? program : join(host.qemuDirectory, program),
    machine: { ...machine, cpu: CPUS[accelerator][architecture] },
    kernelPath: kernel.path,
    memoryMib: image.memoryMib,
    vcpus: image.vcpus,
    args: [image.args, args].filter((part) => part !== '').join(' '),
  };
}
