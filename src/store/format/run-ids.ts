import type { ByteReader, ByteWriter } from '@perigee/columns';
import { isRunId } from '../../domain/index.js';
import type { RunId } from '../../domain/index.js';

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
