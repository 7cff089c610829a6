import type { BootFiles, Machine, QemuSpec } from '../domain/index.js';

/** Inherited socket pairs: no file, no polling for one, and no race with another process. */
export const CHANNEL_FD = 3;
export const QMP_FD = 4;

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
 */
export function qemuArgs(spec: QemuSpec): readonly string[] {
  return [
    ...['-name', `${spec.name},process=${spec.name}`],
    ...['-M', spec.machine.machine, '-accel', ACCELERATORS[spec.accelerator], '-cpu', spec.machine.cpu],
    ...['-smp', String(spec.vcpus), '-m', `${spec.memoryMib}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-S'],
    ...['-sandbox', SANDBOX],
    ...spec.machine.extra,
    ...consoleArgs(spec),
    ...(spec.channel ? channelArgs(spec) : []),
    ...['-chardev', chardev(spec, 'qmp', QMP_FD), '-mon', 'chardev=qmp,mode=control'],
    ...(spec.debugExitPort === undefined ? [] : ['-device', `isa-debug-exit,iobase=${spec.debugExitPort}`]),
    ...(spec.boot.kernel === undefined ? [] : ['-kernel', spec.boot.kernel]),
    ...(spec.boot.initrd === undefined ? [] : ['-initrd', spec.boot.initrd]),
    ...(spec.args === undefined ? [] : ['-append', spec.args]),
    ...(spec.boot.disk === undefined ? [] : diskArgs(spec.boot.disk, spec.machine.bus)),
  ];
}

/** Standard output, unless that would end with the gateway. */
function consoleArgs(spec: QemuSpec): readonly string[] {
  if (spec.rendezvous === undefined) return ['-serial', 'stdio'];
  return ['-chardev', meeting(spec.rendezvous, 'console'), '-serial', 'chardev:console'];
}

function channelArgs(spec: QemuSpec): readonly string[] {
  return [
    ...['-chardev', chardev(spec, 'channel', CHANNEL_FD)],
    ...['-device', `virtio-serial-${spec.machine.bus === 'mmio' ? 'device' : 'pci'},max_ports=2`],
    ...['-device', 'virtserialport,chardev=channel,nr=1,name=perigee'],
  ];
}

function chardev({ rendezvous }: QemuSpec, id: Meeting, fd: number): string {
  return rendezvous === undefined ? `socket,id=${id},fd=${fd}` : meeting(rendezvous, id);
}

function meeting(folder: string, id: Meeting): string {
  return `socket,id=${id},path=${escaped(`${folder}/${id}`)},server=off,reconnect=${RECONNECT_SECONDS}`;
}

/** A guest's writes go to a temporary file that nobody keeps. */
function diskArgs({ path, format }: NonNullable<BootFiles['disk']>, bus: Machine['bus']): readonly string[] {
  return [
    ...['-drive', `file=${escaped(path)},format=${format},if=none,id=disk,snapshot=on`],
    ...['-device', `virtio-blk-${bus === 'mmio' ? 'device' : 'pci'},drive=disk`],
  ];
}

/** A comma in a value is written twice (QEMU's option syntax). */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}
