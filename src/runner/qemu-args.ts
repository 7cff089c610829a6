import type { BootFiles, Machine, QemuSpec } from '../domain/index.js';

/** Inherited socket pairs: no file, no polling for one, and no race with another process. */
export const CHANNEL_FD = 3;
export const QMP_FD = 4;

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
    ...['-serial', 'stdio'],
    ...(spec.channel ? channelArgs(spec.machine.bus) : []),
    ...['-chardev', `socket,id=qmp,fd=${QMP_FD}`, '-mon', 'chardev=qmp,mode=control'],
    ...(spec.debugExitPort === undefined ? [] : ['-device', `isa-debug-exit,iobase=${spec.debugExitPort}`]),
    ...(spec.boot.kernel === undefined ? [] : ['-kernel', spec.boot.kernel]),
    ...(spec.boot.initrd === undefined ? [] : ['-initrd', spec.boot.initrd]),
    ...(spec.args === undefined ? [] : ['-append', spec.args]),
    ...(spec.boot.disk === undefined ? [] : diskArgs(spec.boot.disk, spec.machine.bus)),
  ];
}

function channelArgs(bus: Machine['bus']): readonly string[] {
  return [
    ...['-chardev', `socket,id=channel,fd=${CHANNEL_FD}`],
    ...['-device', `virtio-serial-${bus === 'mmio' ? 'device' : 'pci'},max_ports=2`],
    ...['-device', 'virtserialport,chardev=channel,nr=1,name=perigee'],
  ];
}

/** A guest's writes go to a temporary file that nobody keeps. A comma in a path is written twice (QEMU's option syntax). */
function diskArgs({ path, format }: NonNullable<BootFiles['disk']>, bus: Machine['bus']): readonly string[] {
  const file = path.replaceAll(',', ',,');
  return [
    ...['-drive', `file=${file},format=${format},if=none,id=disk,snapshot=on`],
    ...['-device', `virtio-blk-${bus === 'mmio' ? 'device' : 'pci'},drive=disk`],
  ];
}
