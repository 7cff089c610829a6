import type { BootFiles, DebugExit, Machine, QemuSpec } from '../domain/index.js';

/** Inherited socket pairs: no file, no polling for one, and no race with another process. */
export const CHANNEL_FD = 3;
export const QMP_FD = 4;
const NETWORK_FD = 5;

/** What a guest that survives its gateway shares with it, by the names of their sockets in its folder. */
export const RENDEZVOUS = ['channel', 'qmp', 'console'] as const;
export type Meeting = (typeof RENDEZVOUS)[number];

/** How soon a guest finds a gateway that has come back; the least that QEMU takes. */
const RECONNECT_SECONDS = 1;

/** The accelerator's options. A translation buffer of 8 MiB holds our guests many times over; the default is 1 GiB of address space. */
const ACCELERATORS = { tcg: 'tcg,thread=single,tb-size=8', kvm: 'kvm' } as const;

/** A guest that breaks out of QEMU finds every door of seccomp's closed that QEMU itself needs no more. */
const SANDBOX = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

/**
 * The whole argv behind the program's name. The guest is stopped before its first instruction (-S): QMP sees every event,
 * because events are switched on before `cont`. A virtserialport and no virtconsole, which drops output under load.
 * `seen`: by what name QEMU reaches a file, or the folder where it meets its gateway.
 */
export function qemuArgs(spec: QemuSpec, seen: (path: string) => string = asItIs): readonly string[] {
  return [
    ...['-name', `${spec.name},process=${spec.name}`],
    ...['-M', spec.machine.machine, '-accel', ACCELERATORS[spec.accelerator], '-cpu', spec.machine.cpu],
    ...['-smp', String(spec.vcpus), '-m', `${spec.memoryMib}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-S'],
    ...['-sandbox', SANDBOX],
    ...spec.machine.extra,
    ...consoleArgs(spec, seen),
    ...(spec.channel ? channelArgs(spec, seen) : []),
    ...(spec.network ? networkArgs(spec) : []),
    ...['-chardev', chardev(spec, 'qmp', QMP_FD, seen), '-mon', 'chardev=qmp,mode=control'],
    ...(spec.debugExit ? debugExitArgs(spec.debugExit) : []),
    ...(spec.boot.kernel === undefined ? [] : ['-kernel', seen(spec.boot.kernel)]),
    ...initrdArgs(spec.boot, seen),
    ...(spec.args === undefined ? [] : ['-append', spec.args]),
    ...(spec.boot.disk === undefined ? [] : diskArgs(spec.boot.disk, spec.machine.bus, seen)),
  ];
}

type Seen = (path: string) => string;

const asItIs: Seen = (path) => path;

function debugExitArgs({ bytes, port }: DebugExit): readonly string[] {
  return ['-device', `isa-debug-exit,iobase=0x${port.toString(16)},iosize=${bytes}`];
}

/** A multiboot module has its arguments behind its name, and a comma would begin the next one. */
function initrdArgs({ initrd, initrdAddress, initrdArgs: told }: BootFiles, seen: Seen): readonly string[] {
  if (initrd === undefined) return [];
  const path = seen(initrd);
  if (initrdAddress !== undefined) {
    const address = `0x${initrdAddress.toString(16)}`;
    return ['-device', `guest-loader,addr=${address},initrd=${escaped(path)}`];
  }
  return ['-initrd', told === undefined ? path : escaped(`${path} ${told}`.trimEnd())];
}

/** Standard output, unless that would end with the gateway. */
function consoleArgs({ rendezvous }: QemuSpec, seen: Seen): readonly string[] {
  if (rendezvous === undefined) return ['-serial', 'stdio'];
  return ['-chardev', meeting(seen(rendezvous), 'console'), '-serial', 'chardev:console'];
}

function channelArgs(spec: QemuSpec, seen: Seen): readonly string[] {
  return [
    ...['-chardev', chardev(spec, 'channel', CHANNEL_FD, seen)],
    ...['-device', `virtio-serial-${spec.machine.bus === 'mmio' ? 'device' : 'pci'},max_ports=2`],
    ...['-device', 'virtserialport,chardev=channel,nr=1,name=perigee'],
  ];
}

/**
 * A cable that ends in this process: QEMU opens no socket and forwards nothing. The address is QEMU's usual one. Without
 * the option ROM by which PCI cards boot from a network. Not `-netdev stream`, which plugs the cable in a moment after the
 * start: the first frame of a guest that boots in three milliseconds is lost.
 */
function networkArgs({ machine }: QemuSpec): readonly string[] {
  const device = machine.bus === 'mmio' ? 'virtio-net-device' : 'virtio-net-pci,romfile=';
  return [
    ...['-netdev', `socket,id=net,fd=${NETWORK_FD}`],
    ...['-device', `${device},netdev=net,mac=52:54:00:12:34:56`],
  ];
}

function chardev({ rendezvous }: QemuSpec, id: Meeting, fd: number, seen: Seen): string {
  return rendezvous === undefined ? `socket,id=${id},fd=${fd}` : meeting(seen(rendezvous), id);
}

function meeting(folder: string, id: Meeting): string {
  return `socket,id=${id},path=${escaped(`${folder}/${id}`)},server=off,reconnect=${RECONNECT_SECONDS}`;
}

/** A guest's writes go to a temporary file that nobody keeps. */
function diskArgs(
  { path, format }: NonNullable<BootFiles['disk']>,
  bus: Machine['bus'],
  seen: Seen,
): readonly string[] {
  return [
    ...['-drive', `file=${escaped(seen(path))},format=${format},if=none,id=disk,snapshot=on`],
    ...['-device', `virtio-blk-${bus === 'mmio' ? 'device' : 'pci'},drive=disk`],
  ];
}

/** A comma in a value is written twice (QEMU's option syntax). */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}
