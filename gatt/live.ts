import { concat } from './bytes.js';

/** The featured metrics as they are at one moment. */
export interface LiveValues {
  /** Rises by one with each change; what lies between two that a phone was told of, it has missed. */
  readonly sequence: number;
  /** Unix time, seconds; undefined while the gateway's clock was never set. */
  readonly unixSeconds: number | undefined;
  readonly values: readonly {
    /** The place in `radio.featured`, which is the slot of its characteristic less 0x0100. */
    readonly id: number;
    /** In the metric's own unit, as the catalogue names it; undefined while it is not known. */
    readonly value: number | undefined;
  }[];
}

const HEAD_BYTES = 8;
const VALUE_BYTES = 5;

/**
 * The value of the live characteristic: all metrics, not what changed, because the newest is the one that counts and the
 * ones before it may be dropped. Little-endian:
 *
 *     sequence:u32 time:u32 { id:u8 value:f32 }     time 0 and a value of NaN are not known
 *
 * A notification is cut to the connection's MTU less 3: a value that is not there whole is none.
 */
export function encodeLive({ sequence, unixSeconds, values }: LiveValues): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, sequence, true);
  view.setUint32(4, unixSeconds ?? 0, true);
  return concat(head, ...values.map(({ id, value }) => concat(Uint8Array.of(id), float(value ?? NaN))));
}

/** Undefined for what is too short to be one. */
export function decodeLive(bytes: Uint8Array): LiveValues | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor((bytes.length - HEAD_BYTES) / VALUE_BYTES);
  const values = Array.from({ length: count }, (_, i) => {
    const at = HEAD_BYTES + i * VALUE_BYTES;
    const value = view.getFloat32(at + 1, true);
    return { id: view.getUint8(at), value: Number.isNaN(value) ? undefined : shortest(value) };
  });
  const seconds = view.getUint32(4, true);
  return { sequence: view.getUint32(0, true), unixSeconds: seconds === 0 ? undefined : seconds, values };
}

function float(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

/** 48.2, where 32 bits make 48.2000007629 of it: they hold seven digits. */
function shortest(value: number): number {
  return Number(value.toPrecision(7));
}
