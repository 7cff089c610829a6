/** What was measured, as few bytes: pure, and at home in a browser. */
export { pack, unpack, widthOf } from './bit-packing.js';
export { ByteReader, ByteWriter, fromZigzag, toZigzag } from './bytes.js';
export { ColumnEncoder, decodeColumn, skipColumn } from './column-codec.js';
export { EXPONENT_MAX, exponentOf, powerOf, scaled } from './decimals.js';
export { readSeriesIds, writeSeriesIds } from './series-ids.js';
export { meetings, mergedPoints, readHistory } from './history.js';
export type { EpochRange, HistoryRange, MetEpoch, Slice, SliceSource, TimedEpoch } from './history.js';
