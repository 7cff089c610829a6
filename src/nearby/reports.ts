interface Report {
  /** "54:48:e6:8f:80:a5". */
  readonly address: string;
  readonly data: Buffer;
}

const ADDRESS_AT = 2;
const LENGTH_AT = 8;
const DATA_AT = 9;
const RSSI_BYTES = 1;

/**
 * The reports of an LE Advertising Report event (Core specification, vol 4, part E, 7.7.65.2), until one is cut.
 *
 * grammar: (event:u8 addressType:u8 address[6] length:u8 data[length] rssi:i8)*
 */
export function* readReports(count: number, reports: Buffer): Generator<Report> {
  for (let rest = reports, left = count; left > 0; left -= 1) {
    const length = rest[LENGTH_AT];
    if (length === undefined) return;
    const end = DATA_AT + length + RSSI_BYTES;
    if (rest.length < end) return;
    const address = Buffer.from(rest.subarray(ADDRESS_AT, LENGTH_AT)).reverse().toString('hex');
    yield { address: address.replace(/..(?!$)/g, '$&:'), data: rest.subarray(DATA_AT, DATA_AT + length) };
    rest = rest.subarray(end);
  }
}
