/** The central role: a phone on the command line, for people, demonstrations and tests. */
export type { CallOptions, ControlLink, DeviceInformation, GatewayConnection } from './connection.js';
export type { MetricReading } from './described.js';
export { ControlSession } from './control-session.js';
export { download } from './download.js';
export type { TransferNews, Visit } from './download.js';
export { findGateway } from './find-gateway.js';
export { fetchHistory, pointsOf, seriesIn } from './history.js';
export type { HistoryAsked } from './history.js';
export { listenForBthome } from './listener.js';
export { openPhone } from './phone.js';
export type { Phone, PhoneRadio, ScanOptions } from './phone.js';
export { PhoneBook } from './phone-book.js';
export type { KnownGateway } from './phone-book.js';
export type { BthomeKeys, Sighting } from './sighting.js';
