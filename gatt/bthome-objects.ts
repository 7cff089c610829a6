/** How the bytes of an object are read. Numbers are little-endian; `text` and `raw` begin with their length. */
type Reading =
  | { readonly kind: 'unsigned' | 'signed'; readonly bytes: number; readonly factor: number }
  | { readonly kind: 'boolean'; readonly bytes: 1; readonly words: readonly [off: string, on: string] }
  | { readonly kind: 'button' | 'dimmer' | 'timestamp' | 'version'; readonly bytes: number }
  | { readonly kind: 'text' | 'raw' | 'command' };

export type BthomeObject = Reading & {
  readonly id: number;
  /** As the format calls it; what is on or off is named apart from the number of the same name. */
  readonly name: string;
  /** Empty without one. */
  readonly unit: string;
};

type NumberRow = readonly [
  id: number,
  name: string,
  kind: 'unsigned' | 'signed',
  bytes: number,
  factor: number,
  unit?: string,
];
type BooleanRow = readonly [id: number, name: string, off: string, on: string];

const NUMBERS: readonly NumberRow[] = [
  [0x00, 'packet id', 'unsigned', 1, 1],
  [0x01, 'battery', 'unsigned', 1, 1, '%'],
  [0x02, 'temperature', 'signed', 2, 0.01, '°C'],
  [0x03, 'humidity', 'unsigned', 2, 0.01, '%'],
  [0x04, 'pressure', 'unsigned', 3, 0.01, 'hPa'],
  [0x05, 'illuminance', 'unsigned', 3, 0.01, 'lx'],
  [0x06, 'mass', 'unsigned', 2, 0.01, 'kg'],
  [0x07, 'mass', 'unsigned', 2, 0.01, 'lb'],
  [0x08, 'dew point', 'signed', 2, 0.01, '°C'],
  [0x09, 'count', 'unsigned', 1, 1],
  [0x0a, 'energy', 'unsigned', 3, 0.001, 'kWh'],
  [0x0b, 'power', 'unsigned', 3, 0.01, 'W'],
  [0x0c, 'voltage', 'unsigned', 2, 0.001, 'V'],
  [0x0d, 'pm2.5', 'unsigned', 2, 1, 'µg/m³'],
  [0x0e, 'pm10', 'unsigned', 2, 1, 'µg/m³'],
  [0x12, 'co2', 'unsigned', 2, 1, 'ppm'],
  [0x13, 'tvoc', 'unsigned', 2, 1, 'µg/m³'],
  [0x14, 'moisture', 'unsigned', 2, 0.01, '%'],
  [0x2e, 'humidity', 'unsigned', 1, 1, '%'],
  [0x2f, 'moisture', 'unsigned', 1, 1, '%'],
  [0x3d, 'count', 'unsigned', 2, 1],
  [0x3e, 'count', 'unsigned', 4, 1],
  [0x3f, 'rotation', 'signed', 2, 0.1, '°'],
  [0x40, 'distance', 'unsigned', 2, 1, 'mm'],
  [0x41, 'distance', 'unsigned', 2, 0.1, 'm'],
  [0x42, 'duration', 'unsigned', 3, 0.001, 's'],
  [0x43, 'current', 'unsigned', 2, 0.001, 'A'],
  [0x44, 'speed', 'unsigned', 2, 0.01, 'm/s'],
  [0x45, 'temperature', 'signed', 2, 0.1, '°C'],
  [0x46, 'uv index', 'unsigned', 1, 0.1],
  [0x47, 'volume', 'unsigned', 2, 0.1, 'L'],
  [0x48, 'volume', 'unsigned', 2, 1, 'mL'],
  [0x49, 'volume flow rate', 'unsigned', 2, 0.001, 'm³/h'],
  [0x4a, 'voltage', 'unsigned', 2, 0.1, 'V'],
  [0x4b, 'gas', 'unsigned', 3, 0.001, 'm³'],
  [0x4c, 'gas', 'unsigned', 4, 0.001, 'm³'],
  [0x4d, 'energy', 'unsigned', 4, 0.001, 'kWh'],
  [0x4e, 'volume', 'unsigned', 4, 0.001, 'L'],
  [0x4f, 'water', 'unsigned', 4, 0.001, 'L'],
  [0x51, 'acceleration', 'unsigned', 2, 0.001, 'm/s²'],
  [0x52, 'gyroscope', 'unsigned', 2, 0.001, '°/s'],
  [0x55, 'volume storage', 'unsigned', 4, 0.001, 'L'],
  [0x56, 'conductivity', 'unsigned', 2, 1, 'µS/cm'],
  [0x57, 'temperature', 'signed', 1, 1, '°C'],
  [0x58, 'temperature', 'signed', 1, 0.35, '°C'],
  [0x59, 'count', 'signed', 1, 1],
  [0x5a, 'count', 'signed', 2, 1],
  [0x5b, 'count', 'signed', 4, 1],
  [0x5c, 'power', 'signed', 4, 0.01, 'W'],
  [0x5d, 'current', 'signed', 2, 0.001, 'A'],
  [0x5e, 'direction', 'unsigned', 2, 0.01, '°'],
  [0x5f, 'precipitation', 'unsigned', 2, 0.1, 'mm'],
  [0x60, 'channel', 'unsigned', 1, 1],
  [0x61, 'rotational speed', 'unsigned', 2, 1, 'rpm'],
  [0x62, 'speed', 'signed', 4, 0.000001, 'm/s'],
  [0x63, 'acceleration', 'signed', 4, 0.000001, 'm/s²'],
  [0x64, 'light level', 'unsigned', 1, 1],
  [0x65, 'settings revision', 'unsigned', 1, 1],
  [0xf0, 'device type', 'unsigned', 2, 1],
];

const BOOLEANS: readonly BooleanRow[] = [
  [0x0f, 'generic', 'off', 'on'],
  [0x10, 'power on', 'off', 'on'],
  [0x11, 'opening', 'closed', 'open'],
  [0x15, 'battery low', 'normal', 'low'],
  [0x16, 'battery charging', 'not charging', 'charging'],
  [0x17, 'carbon monoxide', 'not detected', 'detected'],
  [0x18, 'cold', 'normal', 'cold'],
  [0x19, 'connectivity', 'disconnected', 'connected'],
  [0x1a, 'door', 'closed', 'open'],
  [0x1b, 'garage door', 'closed', 'open'],
  [0x1c, 'gas detected', 'clear', 'detected'],
  [0x1d, 'heat', 'normal', 'hot'],
  [0x1e, 'light', 'none', 'detected'],
  [0x1f, 'lock', 'locked', 'unlocked'],
  [0x20, 'moisture detected', 'dry', 'wet'],
  [0x21, 'motion', 'clear', 'detected'],
  [0x22, 'moving', 'not moving', 'moving'],
  [0x23, 'occupancy', 'clear', 'detected'],
  [0x24, 'plug', 'unplugged', 'plugged in'],
  [0x25, 'presence', 'away', 'home'],
  [0x26, 'problem', 'none', 'problem'],
  [0x27, 'running', 'not running', 'running'],
  [0x28, 'safety', 'unsafe', 'safe'],
  [0x29, 'smoke', 'clear', 'detected'],
  [0x2a, 'sound', 'clear', 'detected'],
  [0x2b, 'tamper', 'off', 'on'],
  [0x2c, 'vibration', 'clear', 'detected'],
  [0x2d, 'window', 'closed', 'open'],
];

const OTHERS: readonly BthomeObject[] = [
  { id: 0x3a, name: 'button', unit: '', kind: 'button', bytes: 1 },
  { id: 0x3b, name: 'command', unit: '', kind: 'command' },
  { id: 0x3c, name: 'dimmer', unit: '', kind: 'dimmer', bytes: 2 },
  { id: 0x50, name: 'timestamp', unit: '', kind: 'timestamp', bytes: 4 },
  { id: 0x53, name: 'text', unit: '', kind: 'text' },
  { id: 0x54, name: 'raw', unit: '', kind: 'raw' },
  { id: 0xf1, name: 'firmware version', unit: '', kind: 'version', bytes: 4 },
  { id: 0xf2, name: 'firmware version', unit: '', kind: 'version', bytes: 3 },
];

/** Every object of BTHome v2 (https://bthome.io/format), ascending by id. */
export const BTHOME_OBJECTS: readonly BthomeObject[] = [
  ...NUMBERS.map(([id, name, kind, bytes, factor, unit = '']) => ({ id, name, kind, bytes, factor, unit })),
  ...BOOLEANS.map(
    ([id, name, ...words]) => ({ id, name, unit: '', kind: 'boolean', bytes: 1, words }) as const,
  ),
  ...OTHERS,
].sort((a, b) => a.id - b.id);

/** What a gateway says of itself. */
export const BTHOME_OBJECT = { packetId: 0x00, problem: 0x26, running: 0x27, runs: 0x3d } as const;

const BY_ID = new Map(BTHOME_OBJECTS.map((object) => [object.id, object]));

export function bthomeObject(id: number): BthomeObject | undefined {
  return BY_ID.get(id);
}

/** By number, where it is one of the format. */
export const BUTTON_EVENTS: Readonly<Record<number, string>> = {
  0x00: 'none',
  0x01: 'press',
  0x02: 'double press',
  0x03: 'triple press',
  0x04: 'long press',
  0x05: 'long double press',
  0x06: 'long triple press',
  0x80: 'hold press',
};
export const DIMMER_EVENTS: Readonly<Record<number, string>> = {
  0x00: 'none',
  0x01: 'rotate left',
  0x02: 'rotate right',
};
export const COMMANDS: Readonly<Record<number, string>> = {
  0x00: 'off',
  0x01: 'on',
  0x02: 'toggle',
  0x03: 'step up',
  0x04: 'step down',
};
