/** What was measured, as few bytes: pure, and at home in a browser. */
export { pack, unpack, widthOf } from './bit-packing.js';
export { ByteReader, ByteWriter, fromZigzag, toZigzag } from './bytes.js';
export { ColumnEncoder, decodeColumn } from './column-codec.js';
export { EXPONENT_MAX, exponentOf, powerOf, scaled } from './decimals.js';
export { readSeriesIds, writeSeriesIds } from './series-ids.js';
