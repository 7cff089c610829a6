import { perigee } from '@perigee/proto';
import type { HostFrameShape } from './support-qemu.js';
import { bitsOf } from './support-values.js';

const { HostFrame, Unit } = perigee.v1;

export const LARGEST_UINT32 = 2 ** 32 - 1;

export function encodeHost(frame: HostFrameShape): Uint8Array {
  return HostFrame.encode(frame).finish();
}

export function delimited(frame: HostFrameShape): Uint8Array {
  return HostFrame.encode(frame).ldelim().finish();
}

/** A frame, and how codec.c shows it. */
export interface Example {
  readonly frame: HostFrameShape;
  readonly shown: string;
}

/** Doubles at the edges. */
export const DOUBLES = [0.1, -0, 1e308, 5e-324, -1.5, Infinity, -Infinity];
export const EXAMPLES: readonly Example[] = [
  {
    frame: {
      feed: {
        windowMs: 1000,
        sensors: [
          { sensor: 1, name: 'memory_total', unit: Unit.UNIT_BYTES },
          { sensor: LARGEST_UINT32, name: 'a'.repeat(32), unit: Unit.UNIT_NONE },
          { sensor: 300, name: 'load_1m', unit: Unit.UNIT_PER_SECOND },
        ],
      },
    },
    shown: `feed 1000 1:memory_total:1 ${LARGEST_UINT32}:${'a'.repeat(32)}:0 300:load_1m:10`,
  },
  { frame: { feed: { windowMs: LARGEST_UINT32, sensors: [] } }, shown: `feed ${LARGEST_UINT32}` },
  {
    frame: {
      sense: {
        monotonicUs: Number.MAX_SAFE_INTEGER,
        readings: DOUBLES.map((value, index) => ({ sensor: index + 1, value })),
      },
    },
    shown: `sense ${Number.MAX_SAFE_INTEGER}${DOUBLES.map((value, index) => ` ${index + 1}:${bitsOf(value)}`).join('')}`,
  },
  { frame: { sense: { monotonicUs: 0, readings: [] } }, shown: 'sense 0' },
  { frame: { stop: {} }, shown: 'stop' },
  { frame: { start: {} }, shown: 'start' },
  { frame: {}, shown: 'other' },
];

export function randomBytes(random: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random() & 0xff);
}

/** A valid message with up to three bytes changed and perhaps its end cut off; now and then only noise. */
export function mutated(random: () => number): Uint8Array {
  if (random() % 10 === 0) return randomBytes(random, random() % 40);
  const bytes = Buffer.from(encodeHost(EXAMPLES[random() % EXAMPLES.length]?.frame ?? {}));
  for (let changes = random() % 4; changes > 0 && bytes.length > 0; changes--) {
    bytes[random() % bytes.length] = random() & 0xff;
  }
  return random() % 4 === 0 ? bytes.subarray(0, random() % (bytes.length + 1)) : bytes;
}

/** What codec.c shows of a message, by the schema's decoder. */
export function showHost(bytes: Uint8Array): string {
  const { body, feed, sense } = HostFrame.decode(bytes);
  if (body === 'feed') {
    const sensors = (feed.sensors ?? []).map(
      ({ sensor, name, unit }) => ` ${sensor ?? 0}:${name ?? ''}:${(unit ?? 0) >>> 0}`,
    );
    return `feed ${feed.windowMs ?? 0}${sensors.join('')}`;
  }
  if (body === 'sense') {
    const readings = (sense.readings ?? []).map(
      ({ sensor, value }) => ` ${sensor ?? 0}:${bitsOf(value ?? 0)}`,
    );
    return `sense ${sense.monotonicUs ?? 0}${readings.join('')}`;
  }
  // A practice asks for nothing, so that a guest takes it for a frame that it does not know.
  return body === undefined || body === 'practice' ? 'other' : body;
}
