/** UTF-8 for a world with neither Node nor a browser; the language itself has no codec. */

const REPLACEMENT = 0xfffd;

export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? REPLACEMENT;
    bytes.push(...encodePoint(point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point));
  }
  return Uint8Array.from(bytes);
}

/** Anything that is no UTF-8 becomes U+FFFD, a byte at a time: names come out of the air. */
export function utf8Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const { point, length } = decodePoint(bytes, at);
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}

/** At most `maxBytes` bytes, cut between characters. */
export function utf8Prefix(text: string, maxBytes: number): Uint8Array {
  let kept = '';
  let length = 0;
  for (const character of text) {
    length += utf8Bytes(character).length;
    if (length > maxBytes) break;
    kept += character;
  }
  return utf8Bytes(kept);
}

function encodePoint(point: number): readonly number[] {
  const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), tail(0)];
  if (point < 0x10000) return [0xe0 | (point >> 12), tail(6), tail(0)];
  return [0xf0 | (point >> 18), tail(12), tail(6), tail(0)];
}

function decodePoint(bytes: Uint8Array, at: number): { readonly point: number; readonly length: number } {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return { point: lead, length: 1 };
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const smallest = [0, 0, 0x80, 0x800, 0x10000][length] ?? 0;
  let point = lead & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return { point: REPLACEMENT, length: 1 };
    point = (point << 6) | (next & 0x3f);
  }
  const valid =
    lead >= 0xc2 &&
    lead <= 0xf4 &&
    point >= smallest &&
    point <= 0x10ffff &&
    (point < 0xd800 || point > 0xdfff);
  return valid ? { point, length } : { point: REPLACEMENT, length: 1 };
}
