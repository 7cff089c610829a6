/** The peripheral role: serves a GATT database and advertises, over an adapter or a radio of software. */
export { findAdapter } from './adapters.js';
export type { AdapterSearch } from './adapters.js';
export { CAPABILITY_CURE, describeBlock } from './diagnosis.js';
export { BLENO_DRIVERS, driverFault } from './driver-code.js';
export type { BlenoDriver } from './driver-code.js';
export { maxCentralsOf } from './bleno-loader.js';
export { KERNEL_PATHS, surroundings } from './surroundings.js';
export type { KernelPaths } from './surroundings.js';
export { AdvertisedValues } from './advertised.js';
export type { OwnState } from './advertised.js';
export { createRadio } from './create-radio.js';
export { keepOnAir } from './keeper.js';
export type { RadioOptions } from './create-radio.js';
export {
  addressesOf,
  buildAdvertisement,
  buildServices,
  LIVE_ADDRESS,
  metricAddress,
  TIME_ADDRESS,
} from './services.js';
export type { DeviceIdentity, FeaturedMetric, ServiceSources } from './services.js';
