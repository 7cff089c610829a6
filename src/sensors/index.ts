/** What the host can sense of itself and of beacons nearby, read once and fanned out to whoever was granted it. */
export { SENSOR_RATE_MAX_HZ, createSensorHub, sensorUnit } from './hub.js';
export { Beacons } from './beacons.js';
export type { SensorHub, SensorHubOptions, SensorReading, SensorRequest } from './hub.js';
export type { SensorAvailability } from './board.js';
export { busyPercent, parseLoadavg, parseMeminfo, parseStat, parseTemperature } from './parse.js';
export type { CpuTicks, SensorValues } from './parse.js';
