import type { Cell } from '../confinement/index.js';
import type { QemuSpec } from '../domain/index.js';
import { guestStatus } from './debug-exit.js';
import type { NetworkEnd, Vm, VmListener } from './monitor.js';
import { takeProcess } from './other-process.js';
import { startProcess } from './process.js';
import { qemuArgs } from './qemu-args.js';
import { QemuTalk } from './qemu-talk.js';
import { meetAt } from './rendezvous.js';
import { seenBy } from './seen.js';
import { deliverThrottled } from './throttle.js';

/** Forty times what a guest may report, with the headers around it; the answers cost as much again at most. */
const NETWORK = { bytesPerSecond: 512 * 1024 };

export interface QemuOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Stay before the guest's first instruction until `resume`. */
  readonly stopped: boolean;
  /** Absent: it is kept in nothing. */
  readonly cell: Cell | undefined;
  /** Absent for a guest that has no network. */
  readonly network: NetworkEnd | undefined;
}

/** Starts QEMU, and lets the guest go, unless it is to stay stopped, as soon as it is confined. */
export function startQemu(spec: QemuSpec, listener: VmListener, options: QemuOptions): Vm {
  const { cell, stopped } = options;
  const talk = new QemuTalk(listener, []);
  const vm = withGuestStatus(
    spec,
    spec.rendezvous === undefined
      ? startInherited(spec, listener, talk, options)
      : startApart(spec, spec.rendezvous, listener, talk, options),
  );
  // Takes less time than QEMU needs before it listens.
  const held = vm.processId === undefined ? undefined : cell?.hold(vm.processId);
  if (stopped) return vm;
  if (held) void held.then(() => talk.sayFirst('cont'));
  else talk.sayFirst('cont');
  return vm;
}

function withGuestStatus({ debugExit }: QemuSpec, vm: Vm): Vm {
  if (!debugExit) return vm;
  const exited = vm.exited.then((exit) => ({ ...exit, guestStatus: guestStatus(debugExit, exit) }));
  return { ...vm, exited };
}

/** Ends with the gateway: its connections are inherited. */
function startInherited(
  spec: QemuSpec,
  listener: VmListener,
  talk: QemuTalk,
  { cell, env, network }: QemuOptions,
): Vm {
  const sockets = spec.network ? 3 : 2;
  const { files, seen } = seenBy(spec, undefined, cell, sockets);
  const child = startProcess({
    ...{ program: spec.program, args: qemuArgs(spec, seen), files, env, sockets, apart: false, cell },
    console: (chunk) => listener.console(chunk),
  });
  // In the order of their descriptors.
  const [channel, qmp, cable] = child.sockets;
  if (channel) talk.connect('channel', channel);
  if (qmp) talk.connect('qmp', qmp);
  if (cable && network) {
    const receive = network(cable, (lines) => listener.network(lines));
    deliverThrottled(cable, NETWORK, receive);
  }
  return { ...child, ...controls(spec, talk) };
}

/** Survives the gateway: it looks for one in its folder, now and whenever it has lost one. */
function startApart(
  spec: QemuSpec,
  folder: string,
  listener: VmListener,
  talk: QemuTalk,
  { cell, env }: QemuOptions,
): Vm {
  const meeting = meetAt(folder, (id, socket) => talk.connect(id, socket));
  const { files, seen } = seenBy(spec, folder, cell, 0);
  const child = startProcess({
    ...{ program: spec.program, args: qemuArgs(spec, seen), files, env, sockets: 0, apart: true, cell },
    console: (chunk) => listener.console(chunk),
  });
  const exited = child.exited.then(async (exit) => {
    await meeting.drained();
    meeting[Symbol.dispose]();
    return exit;
  });
  return { ...child, exited, ...controls(spec, talk) };
}

/** Takes over a QEMU that was started by a gateway that is gone. What happened in between is not known. */
export function adoptQemu(spec: QemuSpec, folder: string, processId: number, listener: VmListener): Vm {
  const talk = new QemuTalk(listener, ['query-status']);
  const process = takeProcess(processId);
  const meeting = meetAt(folder, (id, socket) => {
    talk.connect(id, socket);
    if (id === 'qmp') socket.once('close', () => process.watch());
  });
  const exited = process.exited.then(async (exit) => {
    await meeting.drained();
    meeting[Symbol.dispose]();
    return exit;
  });
  return { processId, kill: (signal) => process.kill(signal), exited, ...controls(spec, talk) };
}

function controls(spec: QemuSpec, talk: QemuTalk): Pick<Vm, 'channel' | 'machine'> {
  return {
    ...(spec.channel ? { channel: { send: (frame) => talk.send(frame) } } : {}),
    machine: { resume: () => talk.say('cont'), quit: () => talk.say('quit') },
  };
}
