/** Leading bytes by length (RFC 3629, 4): the first that begins the next form, how many bytes follow, the least it may mean. */
const FORMS = [
  { below: 0x80, following: 0, mask: 0x7f, least: 0 },
  { below: 0xc0, following: -1, mask: 0, least: 0 },
  { below: 0xe0, following: 1, mask: 0x1f, least: 0x80 },
  { below: 0xf0, following: 2, mask: 0x0f, least: 0x800 },
  { below: 0xf8, following: 3, mask: 0x07, least: 0x1_0000 },
] as const;

/** Of bytes few enough to be arguments of a call. Undefined for what is not UTF-8: cut, overlong, or a surrogate. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (isAscii(bytes)) return String.fromCharCode(...bytes);
  const points: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const form = FORMS.find(({ below }) => (bytes[at] ?? 0) < below);
    if (form === undefined || form.following < 0) return undefined;
    const point = pointAt(bytes, at, form);
    if (point === undefined) return undefined;
    points.push(point);
    at += 1 + form.following;
  }
  return String.fromCodePoint(...points);
}

function pointAt(
  bytes: Uint8Array,
  at: number,
  { following, mask, least }: (typeof FORMS)[number],
): number | undefined {
  let point = (bytes[at] ?? 0) & mask;
  for (let next = 1; next <= following; next += 1) {
    const byte = bytes[at + next] ?? 0;
    if ((byte & 0xc0) !== 0x80) return undefined;
    point = (point << 6) | (byte & 0x3f);
  }
  const isScalar = point <= 0x10_ffff && (point < 0xd800 || point > 0xdfff);
  return isScalar && point >= least ? point : undefined;
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}
