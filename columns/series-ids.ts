import type { ByteReader, ByteWriter } from './bytes.js';

/** A list of series: how many, and each less the one before it. */
export function writeSeriesIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.varint(ids.length);
  let before = 0;
  for (const id of ids) {
    writer.zigzag(id - before);
    before = id;
  }
}

export function readSeriesIds(reader: ByteReader, max: number): readonly number[] {
  const ids: number[] = [];
  let before = 0;
  for (let left = reader.count(max); left > 0; left -= 1) {
    before += reader.zigzag();
    ids.push(before);
  }
  return ids;
}
