/** The BLE contract between a gateway and a phone: pure, and at home in a browser. */
export * from './advertisement.js';
export { fromBase64url, toBase64url } from './base64url.js';
export {
  BTHOME_KEY_BYTES,
  BTHOME_SEAL_BYTES,
  decodeBthome,
  encodeBthome,
  isBluetoothAddress,
  MAX_BTHOME_COUNTER,
} from './bthome-data.js';
export type { BthomeData, BthomeSeal } from './bthome-data.js';
export { BTHOME_OBJECT, BTHOME_OBJECTS } from './bthome-objects.js';
export { describeReading, objectBytes, objectName } from './bthome.js';
export type { BthomeEntry, BthomeReading } from './bthome.js';
export * from './bulk.js';
export { CHANNELS, fromChannel, inChannel } from './channels.js';
export * from './current-time.js';
export * from './curve.js';
export * from './frames.js';
export * from './history.js';
export { decodeHistory, encodeHistory, HISTORY_LIMITS } from './history-codec.js';
export type * from './history-codec.js';
export * from './invitation.js';
export { Handshake } from './noise.js';
export { decodeLive, encodeLive } from './live.js';
export type { LiveValues } from './live.js';
export * from './presentation.js';
export * from './quantities.js';
export { GATT_SERVICES } from './services.js';
export * from './session.js';
export * from './status.js';
export * from './table.js';
export * from './units.js';
export { utf8Bytes, utf8Text } from './utf8.js';
export * from './uuids.js';
export { decodeValue, encodeValue } from './values.js';
