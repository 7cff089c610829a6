import { perigee } from '@perigee/proto';
import { assert } from '../domain/index.js';
import type { Unit } from '../domain/index.js';
import { HOST_FRAME_MAX_BYTES, frame } from './frames.js';
import { unitToWire } from '../domain/index.js';

export interface GrantedSensor {
  /** The number that readings carry, from 1. */
  readonly id: number;
  readonly name: string;
  readonly unit: Unit;
}

export interface Feed {
  readonly sensors: readonly GrantedSensor[];
  /** How often the guest is asked to report. */
  readonly windowMs: number;
}

export interface Sense {
  /** A whole number: the guest sends it back as the end of a window. */
  readonly monotonicUs: number;
  readonly readings: readonly { readonly sensor: number; readonly value: number }[];
}

/** Tells a guest what it was granted; goes before the first Sense. */
export function encodeFeed({ sensors, windowMs }: Feed): Uint8Array {
  const feed = {
    sensors: sensors.map(({ id, name, unit }) => ({ sensor: id, name, unit: unitToWire(unit) })),
    windowMs,
  };
  return encode({ feed });
}

export function encodeSense({ monotonicUs, readings }: Sense): Uint8Array {
  assert(Number.isSafeInteger(monotonicUs) && monotonicUs >= 0, 'monotonic time is in whole microseconds');
  return encode({ sense: { monotonicUs, readings: [...readings] } });
}

/** The option by which a guest of ours boots, says hello, and waits for Start. */
export const WAIT_ARGS = 'wait=1';

/** Whatever it takes to receive a frame has then been done once, when the next one comes. */
export function encodePractice(): Uint8Array {
  return encode({ practice: {} });
}

export function encodeStart(): Uint8Array {
  return encode({ start: {} });
}

/** Asks a guest to end. */
export function encodeStop(): Uint8Array {
  return encode({ stop: {} });
}

function encode(message: perigee.v1.HostFrame.$Properties): Uint8Array {
  const framed = frame(perigee.v1.HostFrame.encode(message).finish());
  assert(framed.length <= HOST_FRAME_MAX_BYTES, 'a frame to a guest fits its buffer');
  return framed;
}
