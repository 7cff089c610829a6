import { join } from 'node:path';
import { PerigeeError, type Architecture, type BootFiles, type BootSet } from '../domain/index.js';
import type { Image, QemuSpec, RunId, VmSpec } from '../domain/index.js';
import { FLAVOUR_FACTS, type FlavourFacts } from './flavours.js';
import { refused } from './refusal.js';
import { missingDevice } from './solo5-devices.js';
import { tenderSpec } from './tender-spec.js';

/** What the board decides, and not the image. */
export interface HostChoices {
  readonly architecture: Architecture;
  readonly accelerator: 'tcg' | 'kvm';
  /** Looked in for QEMU before the PATH; absent for the PATH only. */
  readonly qemuDirectory?: string | undefined;
  /** The same for the Solo5 tenders. */
  readonly solo5Directory?: string | undefined;
  /** Of the board's kernel. */
  readonly pageBytes?: number | undefined;
  /** Starts x86 images that QEMU's own multiboot loader refuses. */
  readonly multibootLoader?: string;
  /** A folder of the run's own, for what it shares with the gateway. */
  readonly runDirectory?: (id: RunId) => string;
}

export const QEMU_PROGRAMS: Record<Architecture, string> = {
  x86_64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
  armv7: 'qemu-system-arm',
};

/**
 * Under a Solo5 tender for an image that was built for one, else under QEMU.
 * @throws PerigeeError `run-refused` where the image has nothing for this board, or its family cannot run on it.
 */
export function vmSpec(image: Image, args: string, runId: RunId, host: HostChoices): VmSpec {
  const boot = image.boot[host.architecture];
  if (boot?.solo5 && boot.kernel && boot.solo5.target !== 'virtio')
    return tenderSpec(image, { ...boot, kernel: boot.kernel, solo5: boot.solo5 }, args, runId, host);
  const missing = boot?.solo5 && missingDevice(image, boot, boot.solo5);
  if (missing !== undefined) throw refused(image, host.architecture, missing);
  return qemuSpec(image, args, runId, host);
}

/** @throws PerigeeError `run-refused`. */
export function qemuSpec(image: Image, args: string, runId: RunId, host: HostChoices): QemuSpec {
  const { architecture, accelerator } = host;
  const software = (): QemuSpec => qemuSpec(image, args, runId, { ...host, accelerator: 'tcg' });
  const facts = FLAVOUR_FACTS[image.flavour];
  const machine = facts.machines[architecture];
  const boot = image.boot[architecture];
  if (!machine) throw refused(image, architecture, facts.cannot[architecture] ?? 'it has no port');
  if (!boot) throw refused(image, architecture, `it is built for ${Object.keys(image.boot).join(', ')}`);
  const program = QEMU_PROGRAMS[architecture];
  const adoptable = image.afterRestart === 'adopt';
  const linger = adoptable ? (facts.lingerArgs ?? '') : '';
  const wholeArgs = [image.args, args, linger].filter((part) => part !== '').join(' ');
  return {
    monitor: 'qemu',
    name: `perigee-${runId}`,
    ...{ architecture, accelerator },
    ...(accelerator === 'kvm' ? { fallback: software() } : {}),
    program: host.qemuDirectory === undefined ? program : join(host.qemuDirectory, program),
    machine: { ...machine, cpu: accelerator === 'kvm' ? 'host' : machine.cpu },
    boot: bootFiles(boot, facts, wholeArgs, host),
    ...{ memoryMib: image.memoryMib, vcpus: image.vcpus },
    args: boot.kernel && commandLine(image, facts, wholeArgs, architecture),
    channel: image.metrics === 'frames',
    ...(image.network === undefined ? {} : { network: true as const }),
    ends: facts.ends,
    ...(adoptable ? rendezvousOf(host, runId) : {}),
    ...(facts.debugExit && architecture === 'x86_64' ? { debugExit: facts.debugExit } : {}),
  };
}

/** Of a Unix socket's path (unix(7)), with the longest name that we give one, and a final zero. */
const MAX_RENDEZVOUS = 108 - '/channel'.length - 1;

function rendezvousOf({ runDirectory }: HostChoices, runId: RunId): Pick<QemuSpec, 'rendezvous'> {
  const rendezvous = runDirectory?.(runId);
  if (rendezvous === undefined) return {};
  if (Buffer.byteLength(rendezvous) <= MAX_RENDEZVOUS) return { rendezvous };
  const message = `${rendezvous} is too long a path for a socket, which a guest with afterRestart: adopt needs`;
  throw new PerigeeError('run-refused', message, 'Use a data directory with a shorter path.');
}

function bootFiles(set: BootSet, facts: FlavourFacts, args: string, host: HostChoices): BootFiles {
  const { disk, initrd, kernel } = loadedBy(set, facts, host);
  const as = initrd && facts.initrdAs?.[host.architecture];
  if (initrd && as === 'module') checkModule(initrd.path);
  return {
    ...(kernel ? { kernel: kernel.path } : {}),
    ...(initrd ? { initrd: initrd.path } : {}),
    ...(as === 'module' ? { initrdArgs: facts.args === 'initrd' ? args : '' } : {}),
    ...(typeof as === 'number' ? { initrdAddress: as } : {}),
    ...(disk ? { disk: { path: disk.path, format: disk.format } } : {}),
  };
}

interface Loaded extends Pick<BootSet, 'disk'> {
  readonly kernel?: { readonly path: string } | undefined;
  readonly initrd?: { readonly path: string } | undefined;
}

/** The loader is the kernel then, and the image its module; unless the image brings a loader of its own. */
function loadedBy(set: BootSet, { loader }: FlavourFacts, { multibootLoader }: HostChoices): Loaded {
  if (loader !== 'multiboot64' || set.initrd || !set.kernel || multibootLoader === undefined) return set;
  return { ...set, kernel: { path: multibootLoader }, initrd: set.kernel };
}

/** In QEMU's list of multiboot modules, a blank ends the path, and there is no way around it. */
function checkModule(path: string): void {
  if (!path.includes(' ')) return;
  const message = `${path} is to be a multiboot module, whose path can hold no blank`;
  throw new PerigeeError('run-refused', message, 'Use a folder of images without a blank in its path.');
}

/** QEMU takes -append only together with a kernel. */
function commandLine(
  { name }: Image,
  { args: way, nameFirst }: FlavourFacts,
  args: string,
  architecture: Architecture,
): string | undefined {
  if (way !== 'append') return undefined;
  return nameFirst?.includes(architecture) === true ? `${name} ${args}`.trimEnd() : args;
}
