/** The peripheral role: serves a GATT database and advertises, over an adapter or a radio of software. */
export { findAdapter } from './adapters.js';
export type { AdapterSearch } from './adapters.js';
export { BLENO_DRIVERS } from './bleno-loader.js';
export type { BlenoDriver } from './bleno-loader.js';
export { createRadio } from './create-radio.js';
export type { BleRadio } from './ble-radio.js';
export type { RadioOptions } from './create-radio.js';
export { buildAdvertisement, buildServices, metricAddress, TIME_ADDRESS } from './services.js';
export type { DeviceIdentity, FeaturedMetric, ServiceSources } from './services.js';
