/** What guests and gateway say to each other, as bytes and as values. Pure: knows neither Node nor the clock. */
export { createGuestDecoder } from './guest-decoder.js';
export { createLineDecoder } from './line-decoder.js';
export { createLineSeries } from './line-series.js';
export type { LineSeries } from './line-series.js';
export { GUEST_FRAME_MAX_BYTES, HOST_FRAME_MAX_BYTES } from './frames.js';
export {
  WAIT_ARGS,
  encodeFeed,
  encodePractice,
  encodeSense,
  encodeStart,
  encodeStop,
} from './host-frames.js';
export type { Feed, GrantedSensor, Sense } from './host-frames.js';
export { METRICS_MAX } from './vocabulary.js';
