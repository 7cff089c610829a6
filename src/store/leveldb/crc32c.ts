/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value >>> 0;
});
/** LevelDB keeps checksums turned and shifted, so that one over bytes that hold one stays strong. */
const MASK_DELTA = 0xa282ead8;

/** CRC-32C, as LevelDB keeps it: of both pieces, one behind the other. */
export function maskedCrc(first: Uint8Array, second: Uint8Array): number {
  const crc = ~continued(continued(~0, first), second) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

function continued(crc: number, bytes: Uint8Array): number {
  let value = crc;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return value;
}
