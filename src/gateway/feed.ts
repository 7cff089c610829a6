import type { Image } from '../domain/index.js';
import { encodeFeed, encodeSense } from '../metrics/index.js';
import { SENSOR_UNITS, type SensorHub } from '../sensors/index.js';

const NOTHING: Disposable = { [Symbol.dispose]: () => undefined };

/** Tells a guest which sensors it was granted, and sends it their readings until disposed. It gets nothing else. */
export function sensorFeed(hub: SensorHub, image: Image, send: (frame: Uint8Array) => boolean): Disposable {
  if (image.sensors.length === 0) return NOTHING;
  const sensors = image.sensors.map((name, index) => ({ id: index + 1, name, unit: SENSOR_UNITS[name] }));
  const ids = new Map(sensors.map(({ id, name }) => [name, id]));
  send(encodeFeed({ sensors, windowMs: image.windowMs }));
  return hub.subscribe({ sensors: image.sensors, rateHz: image.sensorRateHz }, ({ monotonicUs, values }) => {
    const readings = values.flatMap(({ sensor, value }) => {
      const id = ids.get(sensor);
      return id === undefined ? [] : [{ sensor: id, value }];
    });
    // A guest that reads too slowly misses readings; its windows say so by their count.
    send(encodeSense({ monotonicUs, readings }));
  });
}
