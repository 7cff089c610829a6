import { isRunId } from '../../domain/index.js';
import type { RunId } from '../../domain/index.js';
import type { ByteReader, ByteWriter } from './bytes.js';

/** Sixteen hexadecimal digits. */
const RUN_BYTES = 8;
const DIGITS = 2;

export function writeRunId(writer: ByteWriter, id: RunId): void {
  for (let at = 0; at < id.length; at += DIGITS) writer.u8(parseInt(id.slice(at, at + DIGITS), 16));
}

export function readRunId(reader: ByteReader): RunId | undefined {
  const bytes = reader.raw(RUN_BYTES);
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(DIGITS, '0')).join('');
  return isRunId(text) ? text : undefined;
}

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
