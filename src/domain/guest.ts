import type { Sample } from './observation.js';

/** What a guest said, already parsed: nothing here is hostile any more. */
export type GuestEvent =
  | { readonly kind: 'hello'; readonly image: string; readonly version: string; readonly protocol: number }
  | {
      readonly kind: 'report';
      readonly samples: readonly Sample[];
      /** `monotonicUs` of the newest reading that the report covers; 0 without a sensor feed. */
      readonly windowEndUs: number;
      /** Microseconds since the guest's entry point, on the guest's clock; 0 for lines. */
      readonly guestUs: number;
      /** Values that were not taken: no finite number, over the rate, over a cap, or against a rule. */
      readonly dropped: number;
    }
  | { readonly kind: 'done'; readonly status: number }
  /** By which rule values of the report that follows are not taken; told once for each. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** `final`: nothing in the stream tells where the next frame begins, and no event follows. */
  | { readonly kind: 'bad-frame'; readonly detail: string; readonly final: boolean };

/** Finds metrics among what a guest prints, or sends; never throws, whatever the bytes. `nowUs` is the gateway's monotonic clock. */
export interface LineDecoder {
  /** Of a console, wherever its lines are cut. */
  push(chunk: Uint8Array, nowUs: number): readonly GuestEvent[];
  /** Of a datagram or a request: whole lines, the last one with or without its end. */
  pushWhole(lines: Uint8Array, nowUs: number): readonly GuestEvent[];
}

/** Turns the bytes of one guest's channel into events; never throws, whatever the bytes. */
export interface GuestDecoder {
  push(chunk: Uint8Array): readonly GuestEvent[];
}
