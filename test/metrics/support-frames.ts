import { perigee } from '@perigee/proto';
import { parseImageName } from '../../src/domain/index.js';
import type { GuestDecoder, GuestEvent } from '../../src/domain/index.js';
import { createGuestDecoder } from '../../src/metrics/index.js';

export const IMAGE = parseImageName('hostsense');

const { GuestFrame, Unit } = perigee.v1;

/** Framed here by means of its own, so that the product's framing is not its own witness. */
export function framed(body: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = body.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...length, rest, ...body]);
}

export function guestFrame(message: perigee.v1.GuestFrame.$Properties): Uint8Array {
  return framed(GuestFrame.encode(message).finish());
}

export const HELLO = guestFrame({ hello: { protocol: 1, image: 'hostsense', version: '0.1.0' } });

export function declare(metric: number, name: string, unit: perigee.v1.Unit = Unit.UNIT_BYTES): Uint8Array {
  return guestFrame({ declare: { metric, name, unit } });
}

export function report(
  values: Readonly<Record<number, number>>,
  times: perigee.v1.Report.$Properties = {},
): Uint8Array {
  const list = Object.entries(values).map(([metric, value]) => ({ metric: Number(metric), value }));
  return guestFrame({ report: { guestUs: 2_000_000, windowEndUs: 7_000_000, ...times, values: list } });
}

export const DONE = guestFrame({ done: { status: 3 } });

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A whole life of a guest. */
export const SESSION = concat(
  HELLO,
  declare(1, 'memory_available_mean'),
  declare(2, 'cpu_busy_mean', Unit.UNIT_PERCENT),
  report({ 1: 4096, 2: 12.5 }),
  report({ 2: -0.25 }, { guestUs: 3_000_000, windowEndUs: 8_000_000 }),
  DONE,
);

export function newDecoder(): GuestDecoder {
  return createGuestDecoder({ image: IMAGE });
}

export function decode(...chunks: readonly Uint8Array[]): readonly GuestEvent[] {
  const decoder = newDecoder();
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

export function kinds(events: readonly GuestEvent[]): readonly string[] {
  return events.map((event) => event.kind);
}

/** What a bad frame was blamed for; fails when the last event is none. */
export function lastBlame(events: readonly GuestEvent[]): string {
  const last = events.at(-1);
  if (last?.kind === 'bad-frame') return last.detail;
  throw new Error(`expected a bad frame, and got ${JSON.stringify(events)}`);
}
