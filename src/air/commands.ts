import type { Controller, Link, Reply } from './controller.js';
import { EVENT, event, LE_EVENT, OPCODE, STATUS, u16 } from './hci.js';
import { ACL_BUFFERS, ACL_BYTES, MAX_LINKS, RSSI_DBM } from './limits.js';

interface Command {
  /** Fewer bytes of parameters than this are refused before `run` reads any. */
  readonly parameterBytes: number;
  readonly run: (controller: Controller, parameters: Buffer) => Reply;
}

/** Bluetooth 5.0. */
const HCI_VERSION = 0x09;
/** Reserved for internal use: a manufacturer whose vendor commands nobody knows. */
const MANUFACTURER = 0xffff;
const CLASSIC_ACL_BYTES = 1021;
/** Legacy advertising data (7.8.7). */
const MAX_ADVERTISING_DATA = 31;
/** Allowed intervals, in steps of 0.625 ms: 20 ms to 10.24 s (7.8.5). */
const INTERVAL_STEP_MS = 0.625;
const MIN_INTERVAL = 0x0020;
const MAX_INTERVAL = 0x4000;
const MAX_ADVERTISING_TYPE = 0x04;

/** Undoes nothing, or does it twice: what the host asks is noted and has no effect on an emulated radio. */
const NOTED: Command = { parameterBytes: 0, run: () => done() };

const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  [OPCODE.setEventMask, NOTED],
  [OPCODE.leSetEventMask, NOTED],
  [OPCODE.writeLeHostSupport, NOTED],
  [OPCODE.reset, { parameterBytes: 0, run: reset }],
  [OPCODE.readLeHostSupport, { parameterBytes: 0, run: () => done(Buffer.of(1, 0)) }],
  [OPCODE.readLocalVersion, { parameterBytes: 0, run: readLocalVersion }],
  [OPCODE.readBufferSize, { parameterBytes: 0, run: readBufferSize }],
  [OPCODE.readAddress, { parameterBytes: 0, run: ({ address }) => done(address) }],
  [OPCODE.leReadBufferSize, { parameterBytes: 0, run: () => done(u16(ACL_BYTES), Buffer.of(ACL_BUFFERS)) }],
  [OPCODE.leSetAdvertisingParameters, { parameterBytes: 15, run: setAdvertisingParameters }],
  [OPCODE.leSetAdvertisingData, { parameterBytes: 1, run: setAdvertisingData('data') }],
  [OPCODE.leSetScanResponse, { parameterBytes: 1, run: setAdvertisingData('scanResponse') }],
  [OPCODE.leSetAdvertisingEnable, { parameterBytes: 1, run: enableAdvertising }],
  [OPCODE.leSetScanParameters, { parameterBytes: 7, run: setScanParameters }],
  [OPCODE.leSetScanEnable, { parameterBytes: 2, run: enableScan }],
  [OPCODE.leCreateConnection, { parameterBytes: 25, run: createConnection }],
  [OPCODE.leCreateConnectionCancel, { parameterBytes: 0, run: cancelConnection }],
  [OPCODE.readRssi, { parameterBytes: 2, run: readRssi }],
  [OPCODE.disconnect, { parameterBytes: 3, run: onLink(disconnect) }],
  [OPCODE.leConnectionUpdate, { parameterBytes: 14, run: onLink(updateConnection) }],
]);

export function execute(controller: Controller, opcode: number, parameters: Buffer): Reply {
  const command = COMMANDS.get(opcode);
  if (command === undefined) return refused(STATUS.unknownCommand);
  if (parameters.length < command.parameterBytes) return refused(STATUS.invalidParameters);
  return command.run(controller, parameters);
}

function done(...values: readonly Buffer[]): Reply {
  return { kind: 'complete', status: STATUS.ok, values: Buffer.concat(values) };
}

function refused(status: number): Reply {
  return { kind: 'complete', status, values: Buffer.alloc(0) };
}

function pending(status: number, then: () => void = () => undefined): Reply {
  return { kind: 'pending', status, then };
}

function reset(controller: Controller): Reply {
  controller.reset();
  return done();
}

function readLocalVersion(): Reply {
  const version = Buffer.of(HCI_VERSION);
  return done(version, u16(0), version, u16(MANUFACTURER), u16(0));
}

function readBufferSize(): Reply {
  return done(u16(CLASSIC_ACL_BYTES), Buffer.of(0), u16(ACL_BUFFERS), u16(0));
}

function readRssi(controller: Controller, parameters: Buffer): Reply {
  const handle = parameters.readUInt16LE(0);
  if (controller.link(handle) === undefined) return refused(STATUS.unknownConnection);
  return done(u16(handle), Buffer.of(RSSI_DBM & 0xff));
}

function setAdvertisingParameters(controller: Controller, parameters: Buffer): Reply {
  if (controller.advertising.enabled) return refused(STATUS.disallowed);
  const interval = parameters.readUInt16LE(0);
  const type = parameters.readUInt8(4);
  if (interval < MIN_INTERVAL || interval > MAX_INTERVAL || type > MAX_ADVERTISING_TYPE) {
    return refused(STATUS.invalidParameters);
  }
  controller.advertise({ intervalMs: interval * INTERVAL_STEP_MS, type });
  return done();
}

function setAdvertisingData(part: 'data' | 'scanResponse'): Command['run'] {
  return (controller, parameters) => {
    const length = parameters.readUInt8(0);
    if (length > MAX_ADVERTISING_DATA || parameters.length < 1 + length)
      return refused(STATUS.invalidParameters);
    controller.advertise({ [part]: Buffer.from(parameters.subarray(1, 1 + length)) });
    return done();
  };
}

function enableAdvertising(controller: Controller, parameters: Buffer): Reply {
  const enabled = parameters.readUInt8(0) === 1;
  if (enabled && controller.linkCount >= MAX_LINKS) return refused(STATUS.connectionLimit);
  controller.advertise({ enabled });
  return done();
}

function setScanParameters(controller: Controller, parameters: Buffer): Reply {
  if (controller.scanning.enabled) return refused(STATUS.disallowed);
  controller.scan({ active: parameters.readUInt8(0) === 1 });
  return done();
}

function enableScan(controller: Controller, parameters: Buffer): Reply {
  const [enabled, filterDuplicates] = [parameters.readUInt8(0) === 1, parameters.readUInt8(1) === 1];
  controller.scan({ enabled, filterDuplicates });
  return done();
}

function createConnection(controller: Controller, parameters: Buffer): Reply {
  if (controller.initiating !== undefined) return pending(STATUS.disallowed);
  if (controller.linkCount >= MAX_LINKS) return pending(STATUS.connectionLimit);
  const [peer, interval] = [Buffer.from(parameters.subarray(6, 12)), parameters.readUInt16LE(13)];
  return pending(STATUS.ok, () => controller.initiate(peer, interval));
}

function cancelConnection(controller: Controller): Reply {
  if (controller.initiating === undefined) return refused(STATUS.disallowed);
  // The answer comes first, then the connection that was never made (7.8.13).
  setImmediate(() => {
    if (controller.initiating !== undefined) controller.cancelInitiating(STATUS.unknownConnection);
  });
  return done();
}

function onLink(run: (controller: Controller, link: Link, parameters: Buffer) => Reply): Command['run'] {
  return (controller, parameters) => {
    const link = controller.link(parameters.readUInt16LE(0) & 0x0fff);
    return link === undefined ? pending(STATUS.unknownConnection) : run(controller, link, parameters);
  };
}

function disconnect(controller: Controller, link: Link, parameters: Buffer): Reply {
  const reasons = { own: STATUS.endedByHost, peer: parameters.readUInt8(2) };
  return pending(STATUS.ok, () => link.close(controller, reasons));
}

function updateConnection(asker: Controller, link: Link, parameters: Buffer): Reply {
  const granted = Buffer.concat([
    u16(asker.intervalFor(parameters.readUInt16LE(4))),
    parameters.subarray(6, 10),
  ]);
  return pending(STATUS.ok, () => {
    for (const { controller, handle } of link.ends) {
      const head = Buffer.of(LE_EVENT.connectionUpdateComplete, STATUS.ok);
      controller.toHost(event(EVENT.leMeta, head, u16(handle), granted));
    }
  });
}
