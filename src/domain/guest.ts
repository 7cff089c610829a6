import type { Sample } from './observation.js';

/** What a guest said, already parsed: nothing here is hostile any more. */
export type GuestEvent =
  | { readonly kind: 'hello'; readonly image: string; readonly version: string; readonly protocol: number }
  | {
      readonly kind: 'report';
      readonly samples: readonly Sample[];
      /** `monotonicUs` of the newest reading that the report covers; 0 without a sensor feed. */
      readonly windowEndUs: number;
      /** Microseconds since the guest's entry point, on the guest's clock. */
      readonly guestUs: number;
      /** Values that were no finite number. */
      readonly dropped: number;
    }
  | { readonly kind: 'done'; readonly status: number }
  | { readonly kind: 'bad-frame'; readonly detail: string };

/** Turns the bytes of one guest's channel into events; never throws, whatever the bytes. */
export interface GuestDecoder {
  push(chunk: Uint8Array): readonly GuestEvent[];
}
