import { concat } from './bytes.js';

/** The first byte of every plaintext of a session: what the rest is. */
export const CHANNELS = {
  /** From the phone a perigee.v1.Command, from the gateway a perigee.v1.Said (proto/perigee/v1/control.proto). */
  control: 0,
  /** From the gateway a piece of a snapshot (bulk.ts). */
  bulk: 1,
  /** From the phone, what it grants (bulk.ts). */
  credit: 2,
} as const;
type Channel = keyof typeof CHANNELS;

export function inChannel(channel: Channel, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(CHANNELS[channel]), body);
}

/** Undefined for a channel of a later version, and for nothing. */
export function fromChannel(
  plaintext: Uint8Array,
): { readonly channel: Channel; readonly body: Uint8Array } | undefined {
  const channel = (Object.keys(CHANNELS) as Channel[]).find((name) => CHANNELS[name] === plaintext[0]);
  return channel && { channel, body: plaintext.subarray(1) };
}
