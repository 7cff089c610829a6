import type { Image } from '../domain/index.js';
import { encodeFeed, encodeSense } from '../metrics/index.js';
import { sensorUnit, type SensorHub } from '../sensors/index.js';

const NOTHING: Disposable = { [Symbol.dispose]: () => undefined };

/** Each time that a guest is woken costs the board more than all that it is then told. */
const LONGEST_HOLD_US = 500_000;
const HOLDS_PER_WINDOW = 2;

/**
 * Tells a guest which sensors it was granted, and sends it their readings until disposed. It gets nothing else. Readings
 * are held back for half a second at most, and for half a window, but never the one that ends a window.
 */
export function sensorFeed(hub: SensorHub, image: Image, send: (frame: Uint8Array) => boolean): Disposable {
  if (image.sensors.length === 0) return NOTHING;
  const sensors = image.sensors.map((name, index) => ({
    ...{ id: index + 1, sensor: name, name: metricName(name), unit: sensorUnit(name) },
  }));
  const ids = new Map(sensors.map(({ id, sensor }) => [sensor, id]));
  send(encodeFeed({ sensors, windowMs: image.windowMs }));
  const held = holder(Math.min(LONGEST_HOLD_US, (image.windowMs * 1000) / HOLDS_PER_WINDOW), send);
  return hub.subscribe({ sensors: image.sensors, rateHz: image.sensorRateHz }, ({ monotonicUs, values }) => {
    const readings = values.flatMap(({ sensor, value }) => {
      const id = ids.get(sensor);
      return id === undefined ? [] : [{ sensor: id, value }];
    });
    // A guest that reads too slowly misses readings; its windows say so by their count.
    held(monotonicUs, encodeSense({ monotonicUs, readings }));
  });
}

/** Sends together what belongs to one span of so many microseconds; spans are counted from the first frame, as windows are. */
function holder(
  holdUs: number,
  send: (frames: Uint8Array) => boolean,
): (monotonicUs: number, frame: Uint8Array) => void {
  let frames: Uint8Array[] = [];
  let startUs: number | undefined;
  let span = -1;
  return (monotonicUs, frame) => {
    frames.push(frame);
    startUs ??= monotonicUs;
    const now = Math.floor((monotonicUs - startUs) / holdUs);
    if (now === span) return;
    span = now;
    send(Buffer.concat(frames));
    frames = [];
  };
}

/** As metrics are named: a beacon's sensor becomes `beacon_porch_temperature`. */
function metricName(sensor: string): string {
  return sensor.replaceAll(/[/-]/g, '_');
}
