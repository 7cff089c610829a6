import type { EventEmitter } from 'node:events';

/**
 * What we touch of the two bleno packages, private parts included: the guard sits inside them. Their versions are
 * pinned, and the malformed-input tests run at every change of a version.
 */
export interface Bleno extends EventEmitter {
  readonly _bindings: Bindings;
  readonly PrimaryService: new (options: { uuid: string; characteristics: readonly unknown[] }) => unknown;
  readonly Characteristic: new (options: CharacteristicOptions) => unknown;
  readonly Descriptor: new (options: { uuid: string; value: Buffer }) => unknown;
  setServices(services: readonly unknown[]): void;
  startAdvertisingWithEIRData(data: Buffer, scanResponse: Buffer): void;
}

export interface CharacteristicOptions {
  readonly uuid: string;
  readonly properties: readonly string[];
  readonly descriptors: readonly unknown[];
  readonly onReadRequest: (...args: readonly unknown[]) => void;
  readonly onWriteRequest: (...args: readonly unknown[]) => void;
  readonly onSubscribe: (...args: readonly unknown[]) => void;
  readonly onUnsubscribe: (...args: readonly unknown[]) => void;
}

export interface Bindings extends EventEmitter {
  readonly _hci: Hci;
  readonly _gatt: Gatt;
  /** Only @abandonware: the one connection. */
  readonly _handle?: number | null;
  onAclDataPkt(handle: number, channel: number, data: Buffer): void;
}

export interface HciSocket extends EventEmitter {
  bindUser(device: number): number;
  start(): void;
  stop(): void;
  write(packet: Buffer): void;
}

export interface Hci extends EventEmitter {
  /** The public one, once the controller was asked. */
  readonly address?: string | null;
  readonly _socket: HciSocket;
  /** Of a packet of data, and how many the controller takes at once. */
  readonly _aclMtu: number;
  readonly _aclMaxInProgress: number;
  /** By connection: how many it has not sent yet. */
  readonly _handleAclsInProgress: Record<number, number | undefined>;
  _handleBuffers: Record<number, { readonly data: Buffer; readonly length: number } | undefined>;
  /** Only @stoprocent: what a connection's management socket is made of. */
  BluetoothHciSocket?: unknown;
  init(): void;
  reset(): void;
  disconnect(handle: number): void;
  setAdvertiseEnable(enabled: boolean): void;
  setAdvertisingParameters(): void;
  setAdvertisingData(data: Buffer): void;
  setScanResponseData(data: Buffer): void;
  onSocketData(packet: Buffer): void;
  queueAclDataPkt(handle: number, channel: number, data: Buffer): void;
  pushAclOutQueue(): void;
}

interface Gatt {
  maxMtu: number;
  /** Only @abandonware: of the one connection. */
  readonly _mtu?: number;
  /** Only @stoprocent. */
  readonly _connections?: ReadonlyMap<number, { readonly mtu: number }>;
  readonly _handles: readonly (AttributeEntry | undefined)[];
  /** @abandonware has one connection, and leaves it out. */
  handleRequest(request: Buffer, connection?: number): void;
  send(response: Buffer, connection?: number): void;
}

export interface AttributeEntry {
  readonly type: 'service' | 'characteristic' | 'characteristicValue' | 'descriptor';
  readonly uuid?: string;
  /** Bits of the characteristic properties; 0x02 is read. */
  readonly properties?: number;
  readonly valueHandle?: number;
  value?: unknown;
}
