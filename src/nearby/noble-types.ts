import type { EventEmitter } from 'node:events';

/** What we touch of noble, a few private parts included; its version is pinned. UUIDs are lower-case hex, no hyphens. */
export interface Noble extends EventEmitter {
  initialized: boolean;
  readonly _bindings: NobleBindings;
  startScanning(serviceUuids: readonly string[], allowDuplicates: boolean): void;
  stopScanning(): void;
}

interface NobleBindings extends EventEmitter {
  readonly _hci: NobleHci;
  init(): void;
}

interface NobleHci extends EventEmitter {
  readonly _socket: EventEmitter & { stop(): void };
  _userChannel: unknown;
  readLeBufferSize(): void;
  onSocketData(packet: Buffer): void;
  /** What follows the event's code: how many reports, and these. */
  processLeAdvertisingReport(count: number, reports: Buffer): void;
  processLeExtendedAdvertisingReport(count: number, reports: Buffer): void;
  setScanParameters(): void;
  setScanEnabled(enabled: boolean, filterDuplicates: boolean): void;
  processCmdCompleteEvent(opcode: number, status: number, result: Buffer): void;
}

export interface NoblePeripheral extends EventEmitter {
  readonly address: string;
  readonly rssi: number;
  readonly state: string;
  /** As agreed after the connection; null where nothing was. */
  readonly mtu: number | null;
  readonly advertisement: {
    readonly localName?: string;
    readonly serviceUuids?: readonly string[];
    readonly serviceData?: readonly { readonly uuid: string; readonly data: Buffer }[];
  };
  connectAsync(): Promise<void>;
  cancelConnect(): void;
  disconnect(): void;
  discoverServicesAsync(uuids: readonly string[]): Promise<readonly NobleService[]>;
}

export interface NobleService {
  readonly uuid: string;
  discoverCharacteristicsAsync(uuids: readonly string[]): Promise<readonly NobleCharacteristic[]>;
}

export interface NobleCharacteristic extends EventEmitter {
  readonly uuid: string;
  readonly properties: readonly string[];
  readAsync(): Promise<Buffer>;
  /** Never settles when a write that wants a response got an error. */
  writeAsync(data: Buffer, withoutResponse: boolean): Promise<void>;
  subscribeAsync(): Promise<void>;
  discoverDescriptorsAsync(): Promise<readonly NobleDescriptor[]>;
}

interface NobleDescriptor {
  readonly uuid: string;
  readValueAsync(): Promise<Buffer>;
}
