/** RFC 4648, 5, without padding, for a world with neither Node nor a browser. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const bits = (a << 16) | (b << 8) | c;
    const digits = Math.min(4, Math.ceil(((bytes.length - at) * 8) / 6));
    for (let i = 0; i < digits; i++) text += ALPHABET.charAt((bits >> (18 - 6 * i)) & 0x3f);
  }
  return text;
}

/** Undefined for what `toBase64url` does not write, so that no two texts mean the same. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const digit of text) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0x3fff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  const decoded = Uint8Array.from(bytes);
  return toBase64url(decoded) === text ? decoded : undefined;
}
