/** A GATT database as data: what a Radio serves. UUIDs are 16-bit or 128-bit, lower-case hex, with no hyphens. */
export interface GattService {
  readonly uuid: string;
  readonly characteristics: readonly GattCharacteristic[];
  readonly conversation?: GattConversation;
}

/**
 * What each phone has with the gateway for itself, over two characteristics: it writes to one, and the other notifies it
 * alone. A conversation begins when the phone subscribes, and ends when it unsubscribes or leaves.
 */
export interface GattConversation {
  readonly written: string;
  readonly notified: string;
  readonly begin: (link: GattLink) => GattListener;
}

/** The gateway's way to one phone. */
export interface GattLink {
  /** The same for as long as the phone is connected, however often it subscribes. */
  readonly connection: object;
  /** Longest notification now, 20 bytes or more; it grows when the phone asks for a larger MTU. */
  readonly maxBytes: number;
  /** False when as many wait for this phone as may: `ready` is called once there is room. */
  readonly send: (value: Uint8Array) => boolean;
  readonly disconnect: () => void;
}

/** Called by the radio, one call at a time. None of these throws. */
export interface GattListener {
  /** What the phone wrote, at most 512 bytes; the answer is an ATT error code, or 0 where it was taken. */
  readonly receive: (value: Uint8Array) => number;
  readonly ready: () => void;
  readonly ended: () => void;
}

export interface GattDescriptor {
  readonly uuid: string;
  readonly value: Uint8Array;
}

export interface GattCharacteristic {
  readonly uuid: string;
  readonly properties: readonly ('read' | 'notify')[];
  readonly descriptors: readonly GattDescriptor[];
  /** The value now, at most 512 bytes (Core specification, vol 3, part F, 3.2.9). */
  readonly read: () => Uint8Array | Promise<Uint8Array>;
}

export interface Advertisement {
  /** At most 31 bytes each (legacy advertising; Core specification, vol 6, part B, 2.3.1). */
  readonly data: Uint8Array;
  readonly scanResponse: Uint8Array;
}

export type RadioState =
  | { readonly kind: 'off' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'advertising'; readonly centrals: number }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly cure: string };

/** How often a radio that worked has failed, or was found not to advertise, and what was seen the last time. */
export interface RadioFaults {
  readonly count: number;
  readonly latest?: string;
}

/** What people are told of a radio. */
export interface RadioStatus {
  readonly driver: string;
  readonly state: RadioState;
  /** Phones at once. */
  readonly maxCentrals: number;
  /** Since the gateway was started; it was started again, or switched on again, after each. */
  readonly faults: RadioFaults;
  /** By which others see it while it works, "54:48:e6:8f:80:a5". Undefined where the adapter has none of its own. */
  readonly address?: string | undefined;
}

/** The peripheral role of one adapter. */
export interface Radio extends RadioStatus, AsyncDisposable {
  /** Serves the database and advertises. Rejects with `radio-unavailable` when there is no adapter to use. */
  start(services: readonly GattService[], advertisement: Advertisement): Promise<void>;
  /** Replaces what is advertised, also while phones are connected. */
  advertise(advertisement: Advertisement): void;
  /** Sends the characteristic's value to every phone that subscribed; drops it for a phone whose queue is full. */
  notify(serviceUuid: string, characteristicUuid: string): void;
}
