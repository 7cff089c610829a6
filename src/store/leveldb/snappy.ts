import { ByteReader } from '@perigee/columns';

/** Beyond LevelDB's blocks of 4 kB and its indexes: a length above it is noise. */
const BYTES_MAX = 2 ** 24;

/** Snappy's raw format (google/snappy, format_description.txt). Undefined for what is none. */
export function unsnappy(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(bytes);
  const length = reader.varint();
  if (reader.broken || length > BYTES_MAX) return undefined;
  const output = new Uint8Array(length);
  let at = 0;
  while (reader.left > 0) {
    const tag = reader.u8();
    const kind = tag & 3;
    if (kind === 0) {
      const literal = reader.raw(literalLength(reader, tag >>> 2));
      if (at + literal.length > length) return undefined;
      output.set(literal, at);
      at += literal.length;
      continue;
    }
    const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? (tag >>> 5) * 256 + reader.u8() : littleEndian(reader, kind === 2 ? 2 : 4);
    if (offset === 0 || offset > at || at + count > length) return undefined;
    // Byte by byte: what is copied may be what this very copy has written.
    for (let left = count; left > 0; left -= 1, at += 1) output[at] = output[at - offset] ?? 0;
  }
  return reader.isDone && at === length ? output : undefined;
}

/** Above 60 stands the number of bytes that hold it. */
function literalLength(reader: ByteReader, field: number): number {
  return (field < 60 ? field : littleEndian(reader, field - 59)) + 1;
}

function littleEndian(reader: ByteReader, bytes: number): number {
  let value = 0;
  for (let at = 0; at < bytes; at += 1) value += reader.u8() * 256 ** at;
  return value;
}
