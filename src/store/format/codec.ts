import * as v from 'valibot';
import type { GatewayId, Position } from '../../domain/index.js';
import { POSITION_BYTES, readPosition, viewOf, writePosition } from './keys.js';

/**
 * Values of the store, format 3; the families are those of keys.ts.
 *
 *     identity             JSON: {"program":"perigee","format":2,"gatewayId":"16 hex digits","epoch":7}
 *     totals               samples:u64 observations:u64, big-endian
 *     checkpoint, cursor   epoch:u32 sequence:u64, big-endian
 *     series               perigee.v1.Series: observation-codec.ts
 *     head                 card:u64 memory:u64, big-endian: offsets in the head log's two rings
 *     block, part          crc:u32, little-endian, of what follows: block-codec.ts
 *     observation          perigee.v1.Observation, of format 2: observation-codec.ts
 *     latest               perigee.v1.Observation of one sample, with wall_ms and run_id only
 *     run                  JSON: run-codec.ts
 *     run by birth, change the run's id, 16 ASCII bytes; counts only while the run's record says the same place
 *     run going            empty
 *     loss                 JSON: loss-codec.ts
 *     technician, audit    JSON: access-store.ts
 *     floors               JSON: floors.ts
 *
 * A decoder gives `undefined` for bytes that it did not write.
 */
export const FORMAT = 3;
/** Its observations are moved into blocks when it is opened. */
const ROWS_FORMAT = 2;
const PROGRAM = 'perigee';

export interface Identity {
  readonly format: number;
  readonly gatewayId: GatewayId;
  /** Of the last opening. */
  readonly epoch: number;
  /** The last one that came of a backup: of it and those before, a backend may have more. Absent where none was restored. */
  readonly restoredEpoch?: number;
  /** The number of the board that opened it last; absent where none was known. */
  readonly board?: string;
}

export interface Totals {
  readonly samples: number;
  readonly observations: number;
}

/** Of another format, only the number is understood. */
export type IdentityRead =
  | { readonly kind: 'ours'; readonly identity: Identity }
  | { readonly kind: 'other-format'; readonly format: number };

const header = v.object({
  program: v.literal(PROGRAM),
  format: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
const identitySchema = v.object({
  gatewayId: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  epoch: v.pipe(v.number(), v.integer(), v.minValue(0)),
  restoredEpoch: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  board: v.exactOptional(v.string()),
});

export function encodeIdentity(identity: Identity): Uint8Array {
  return jsonBytes({ program: PROGRAM, ...identity });
}

export function decodeIdentity(bytes: Uint8Array): IdentityRead | undefined {
  const json = parseJson(bytes);
  const head = v.safeParse(header, json);
  if (!head.success) return undefined;
  const { format } = head.output;
  if (format !== FORMAT && format !== ROWS_FORMAT) return { kind: 'other-format', format };
  const rest = v.safeParse(identitySchema, json);
  if (!rest.success) return undefined;
  const { gatewayId, ...others } = rest.output;
  return { kind: 'ours', identity: { format, gatewayId: gatewayId as GatewayId, ...others } };
}

const TOTALS_BYTES = 16;

export function encodeTotals({ samples, observations }: Totals): Uint8Array {
  const bytes = new Uint8Array(TOTALS_BYTES);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(samples));
  view.setBigUint64(8, BigInt(observations));
  return bytes;
}

export function decodeTotals(bytes: Uint8Array): Totals | undefined {
  if (bytes.length !== TOTALS_BYTES) return undefined;
  const view = viewOf(bytes);
  return { samples: Number(view.getBigUint64(0)), observations: Number(view.getBigUint64(8)) };
}

/** Where what no block holds yet begins, in the ring on the card and in the one in memory. */
export interface HeadStarts {
  readonly card: number;
  readonly memory: number;
}

const HEAD_STARTS_BYTES = 16;

export function encodeHeadStarts({ card, memory }: HeadStarts): Uint8Array {
  const bytes = new Uint8Array(HEAD_STARTS_BYTES);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(card));
  view.setBigUint64(8, BigInt(memory));
  return bytes;
}

export function decodeHeadStarts(bytes: Uint8Array): HeadStarts | undefined {
  if (bytes.length !== HEAD_STARTS_BYTES) return undefined;
  const view = viewOf(bytes);
  return { card: Number(view.getBigUint64(0)), memory: Number(view.getBigUint64(8)) };
}

export function encodePosition(position: Position): Uint8Array {
  const bytes = new Uint8Array(POSITION_BYTES);
  writePosition(viewOf(bytes), 0, position);
  return bytes;
}

export function decodePosition(bytes: Uint8Array): Position | undefined {
  return bytes.length === POSITION_BYTES ? readPosition(viewOf(bytes), 0) : undefined;
}

/** What is no JSON is `undefined`, which no schema takes. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // JSON.parse has no other way to say that this is none.
    return undefined;
  }
}

export function jsonBytes(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
