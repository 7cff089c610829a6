/**
 * Characteristic Presentation Format (0x2904): how a generic app turns a characteristic's bytes into a number with
 * a unit. Core specification, vol 3, part G, 3.3.3.5; Assigned numbers, 2.4 (formats) and 3.5 (units).
 *
 * grammar: format:u8 exponent:i8 unit:u16le namespace:u8 description:u16le
 */
export interface PresentationFormat {
  readonly format: NumberFormat;
  /** The value is the number on the wire times 10 to this power. */
  readonly exponent: number;
  /** A UUID of the assigned unit. */
  readonly unit: number;
}

interface Width {
  readonly code: number;
  readonly bytes: number;
  readonly kind: 'unsigned' | 'signed' | 'float';
}

/** The number formats that are read; what we serve ourselves is in UNIT_FORMATS. */
const WIDTHS = {
  boolean: { code: 0x01, bytes: 1, kind: 'unsigned' },
  uint8: { code: 0x04, bytes: 1, kind: 'unsigned' },
  uint16: { code: 0x06, bytes: 2, kind: 'unsigned' },
  uint24: { code: 0x07, bytes: 3, kind: 'unsigned' },
  uint32: { code: 0x08, bytes: 4, kind: 'unsigned' },
  uint48: { code: 0x09, bytes: 6, kind: 'unsigned' },
  uint64: { code: 0x0a, bytes: 8, kind: 'unsigned' },
  sint8: { code: 0x0c, bytes: 1, kind: 'signed' },
  sint16: { code: 0x0e, bytes: 2, kind: 'signed' },
  sint24: { code: 0x0f, bytes: 3, kind: 'signed' },
  sint32: { code: 0x10, bytes: 4, kind: 'signed' },
  sint48: { code: 0x11, bytes: 6, kind: 'signed' },
  sint64: { code: 0x12, bytes: 8, kind: 'signed' },
  float32: { code: 0x14, bytes: 4, kind: 'float' },
  float64: { code: 0x15, bytes: 8, kind: 'float' },
} as const satisfies Record<string, Width>;

export type NumberFormat = keyof typeof WIDTHS;

const PRESENTATION_FORMAT_BYTES = 7;
/** The descriptions are those of the Bluetooth SIG, and ours says none. */
const NAMESPACE_SIG = 0x01;

const FORMAT_NAMES = Object.keys(WIDTHS) as NumberFormat[];

export function widthOf(format: NumberFormat): Width {
  return WIDTHS[format];
}

export function encodePresentationFormat(presentation: PresentationFormat): Uint8Array {
  const bytes = new Uint8Array(PRESENTATION_FORMAT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, WIDTHS[presentation.format].code);
  view.setInt8(1, presentation.exponent);
  view.setUint16(2, presentation.unit, true);
  view.setUint8(4, NAMESPACE_SIG);
  return bytes;
}

/** Undefined for anything but a number in a known format. */
export function decodePresentationFormat(bytes: Uint8Array): PresentationFormat | undefined {
  if (bytes.length !== PRESENTATION_FORMAT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = FORMAT_NAMES.find((name) => WIDTHS[name].code === view.getUint8(0));
  if (format === undefined) return undefined;
  return { format, exponent: view.getInt8(1), unit: view.getUint16(2, true) };
}
