import type { Unit } from './observation.js';

/** What people are told of a beacon that the configuration names. */
export interface BeaconStatus {
  readonly name: string;
  /** "54:48:e6:8f:80:a5". */
  readonly address: string;
  /** What images that are granted it are told now. */
  readonly values: readonly { readonly quantity: string; readonly value: number; readonly unit: Unit }[];
  /** Since it last said something new; absent where it never did. */
  readonly silentSeconds?: number;
  /** Why there is no value, where there is none. */
  readonly trouble?: { readonly reason: string; readonly cure: string };
}

export type ListenerState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly cure: string };

/** What is heard of the beacons of the configuration, and by whom. */
export interface NearbyStatus {
  readonly listener: ListenerState;
  readonly beacons: readonly BeaconStatus[];
}
