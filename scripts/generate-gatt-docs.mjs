// Writes docs/gatt.md (or the file given) from the compiled contract: `npm run gatt-docs`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Buffer } from 'node:buffer';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const gatt = await import(join(root, 'gatt/dist/index.js'));
const out = process.argv[2] ?? join(root, 'docs/gatt.md');

/** What the numbers mean; a name without words, or words without a name, stop the script. */
const WORDS = {
  kinds: {
    hello: [
      'phone',
      'first message of `Noise_IK_25519_ChaChaPoly_SHA256`, no payload: a phone that is known',
    ],
    enrolment: [
      'phone',
      `first message of \`Noise_IKpsk2_25519_ChaChaPoly_SHA256\`, payload: the invitation's id (${gatt.INVITATION_ID_BYTES} bytes)`,
    ],
    welcome: ['gateway', 'second message of either, payload: a `perigee.v1.Welcome`'],
    sealed: ['both', 'sealed with the next number of its direction; the key is replaced every 4096 messages'],
    status: ['gateway', 'one byte in the clear: why there is no session'],
  },
  statuses: {
    'not-enrolled': 'no key of a technician, or no longer; or no such invitation',
    'no-session': 'something sealed, with no session',
    busy: 'more waits for this phone than is kept for it; the session has ended',
    'bad-frame': 'no frame, or not sealed as the next one; the session has ended',
    'rate-limited': 'too many handshakes',
  },
  channels: {
    control:
      'from the phone a `perigee.v1.Command`, from the gateway a `perigee.v1.Said` (proto/perigee/v1/control.proto)',
    bulk: 'from the gateway: offset (u32), then bytes',
    credit: 'from the phone: from (u32), until (u32)',
  },
};

const vectorsOf = (file) => JSON.parse(readFileSync(join(root, 'gatt/vectors', file), 'utf8'));
const codecs = vectorsOf('codecs.json');
const metricOf = (unit) => codecs.metrics.find((metric) => metric.unit === unit && metric.value !== null);
const messageOf = (name) => codecs.messages.find((message) => message.name === name);
const [liveVector] = codecs.live.filter(({ values }) => values.length > 1);
const [timeVector] = codecs.times;
const session = vectorsOf('session.json').sessions[0];
const [hello, welcome] = ['phone', 'gateway'].map((from) => session.steps.find((step) => step.from === from));
const text = (value) => [
  [['0', 'UTF-8', 'to the end']],
  [`${JSON.stringify(value)}`, Buffer.from(value).toString('hex')],
];
const message = (name) => [
  [['0', 'protobuf', `a \`perigee.v1.${name}\` to the end`]],
  [JSON.stringify(messageOf(name).fields), messageOf(name).bytes],
];
const number = (unit, shown, kind, unknown) => [
  [['0', kind, unknown]],
  [`${metricOf(unit).value} ${shown}`, metricOf(unit).bytes],
];

/** What the bytes of each characteristic are: offset, type, meaning; then an example, of the vectors. */
const LAYOUTS = {
  deviceInformation: {
    manufacturer: text('Perigee'),
    model: text('Gateway'),
    serial: text('0123456789abcdef'),
    firmware: text('0.1.0'),
  },
  metrics: {
    info: message('GatewayInfo'),
    live: [
      [
        ['0', 'uint32', 'sequence: rises by one with each change'],
        ['4', 'uint32', 'Unix time, seconds; 0 while the clock was never set'],
        ['8 + 5 n', 'uint8', "the n-th metric's id: the slot of its characteristic less 0x0100"],
        [
          '9 + 5 n',
          'float32',
          'its value in the unit that the catalogue names, NaN while it is not known; one that is cut by the MTU is none',
        ],
      ],
      [JSON.stringify({ ...liveVector, bytes: undefined }), liveVector.bytes],
    ],
    catalogue: message('PublicCatalogue'),
    metric: [
      [['0', 'as descriptor 2904 says', 'one of [these](#values); "not known" as told there']],
      [`celsius ${metricOf('celsius').value}, 2904 ${metricOf('celsius').format}`, metricOf('celsius').bytes],
    ],
  },
  environment: {
    temperature: number('celsius', '°C', 'sint16', '0.01 °C; 0x8000 is not known'),
    humidity: number('percent', '%', 'uint16', '0.01 %; 0xFFFF is not known'),
    pressure: number(
      'pascals',
      'Pa',
      'uint32',
      '0.1 Pa; 0xFFFFFFFF is not known, for which the assigned format has no word of its own',
    ),
  },
  time: {
    now: [
      [
        ['0', 'uint16', 'year'],
        ['2', 'uint8', 'month'],
        ['3', 'uint8', 'day'],
        ['4', 'uint8', 'hours'],
        ['5', 'uint8', 'minutes'],
        ['6', 'uint8', 'seconds'],
        ['7', 'uint8', 'day of the week, 1 for Monday'],
        ['8', 'uint8', 'parts of a second in 256: 0'],
        ['9', 'uint8', 'reason for a change: 0'],
      ],
      [JSON.stringify(timeVector.time), timeVector.bytes],
    ],
  },
  control: {
    rx: [
      [
        ['0', 'uint8', 'start 0x80, end 0x40, and the [kind](#fragments)'],
        ['1', 'bytes', 'that part of the message, to the end'],
      ],
      [`the first fragment of a ${hello.kind}`, hello.frames[0]],
    ],
    tx: [
      [
        ['0', 'uint8', 'start 0x80, end 0x40, and the [kind](#fragments)'],
        ['1', 'bytes', 'that part of the message, to the end'],
      ],
      [`the first fragment of a ${welcome.kind}`, welcome.frames[0]],
    ],
  },
};

const hex = (number) => `0x${number.toString(16).padStart(2, '0').toUpperCase()}`;
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** `f108SSSS-…`, or an assigned number. */
function uuid(text, count = 1) {
  if (text.length === 4) return text.toUpperCase();
  const slot = Number.parseInt(text.slice(4, 8), 16);
  const digits = (number) => number.toString(16).padStart(4, '0');
  return count === 1 ? `slot ${digits(slot)}` : `slots ${digits(slot)}–${digits(slot + count - 1)}`;
}

function described(numbers, words) {
  const [named, told] = [Object.keys(numbers), Object.keys(words)];
  if (named.join() !== told.join())
    throw new Error(`the contract has ${named.join()}, and this script has words for ${told.join()}`);
  return named.map((name) => [name, numbers[name], words[name]]);
}

const services = Object.values(gatt.GATT_SERVICES).flatMap((service) =>
  Object.values(service.characteristics).map((row, i) => [
    ...(i === 0 ? [`${service.name}, ${uuid(service.uuid)}`, service.access] : ['', '']),
    `${row.name}, ${uuid(row.uuid, row.count)}`,
    row.properties
      .map((property) => property.replace('writeWithoutResponse', 'write without response'))
      .join(', '),
    row.value,
  ]),
);
const propertiesOf = (row) =>
  row.properties
    .map((property) => property.replace('writeWithoutResponse', 'write without response'))
    .join(', ');
const pages = Object.entries(gatt.GATT_SERVICES).map(([key, service]) => {
  const named = Object.keys(service.characteristics).join();
  if (named !== Object.keys(LAYOUTS[key] ?? {}).join())
    throw new Error(`the contract has ${named}, and this script has other layouts for ${key}`);
  const sections = Object.entries(service.characteristics).map(([name, row]) => {
    const [layout, [what, bytes]] = LAYOUTS[key][name];
    return `### ${row.name}

${uuid(row.uuid, row.count)} of ${service.name} (${uuid(service.uuid)}), access: ${service.access}; ${propertiesOf(row)}. It is ${row.value}.

${table(['offset', 'type', 'what'], layout)}

Example, ${what}: \`${bytes}\``;
  });
  return sections.join('\n\n');
});
const objects = gatt.BTHOME_OBJECTS.map((object) => [
  hex(object.id),
  object.name,
  'factor' in object ? `${object.kind === 'signed' ? 'sint' : 'uint'}${8 * object.bytes}` : object.kind,
  'factor' in object ? object.factor : '',
  object.kind === 'boolean' ? object.words.join(' / ') : object.unit,
]);
const bthome = vectorsOf('bthome.json');
const sealedVector = bthome.sealed.find(({ publishedBy }) => publishedBy !== undefined);
const units = Object.entries(gatt.UNIT_FORMATS).map(([unit, { exponent, format, unit: assigned }]) => [
  unit,
  format,
  `10^${exponent}`,
  `0x${assigned.toString(16).toUpperCase()} ${gatt.unitSymbol(assigned)}`.trimEnd(),
]);
const vectors = readdirSync(join(root, 'gatt/vectors')).map((file) => {
  const { about } = JSON.parse(readFileSync(join(root, 'gatt/vectors', file), 'utf8'));
  return [`[${file}](../gatt/vectors/${file})`, about];
});

const page = `# The Bluetooth contract

This page is made of the code by \`npm run gatt-docs\`; a test fails when it is not what the code says. What it is all for is in [bluetooth.md](bluetooth.md).

## Services

Our UUIDs are \`${gatt.slotUuid(0).slice(0, 4)}SSSS-${gatt
  .slotUuid(0)
  .slice(8)
  .replace(/^(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4')}\` with a 16-bit slot SSSS.

${table(['service', 'for', 'characteristic', 'properties', 'value'], services)}

## Characteristics

Numbers are little-endian, and examples hexadecimal.

${pages.join('\n\n')}

## Advertising

Two packets of at most 31 bytes. The advertisement: flags \`020106\`, then service data 0x16 of 0xFCD2, BTHome v2. The scan response: type 0x07 with the metrics service's UUID, then the name, of which 11 bytes fit, cut between characters: type 0x09 when it is whole and 0x08 when it was cut.

| service data | offset | type | what |
| --- | --- | --- | --- |
| plain | 0 | uint8 | 0x40: version 2 |
|  | 1 | objects | id and value each, ascending by id, 23 bytes at most |
| encrypted | 0 | uint8 | 0x41 |
|  | 1 | bytes | the objects, sealed by AES-128-CCM |
|  | length - 8 | uint32 | counter: rises with each packet |
|  | length - 4 | bytes | 4 bytes of tag |

The nonce is the address (6 bytes, as it is written), \`d2fc\`, 0x41, and the counter. Example, key \`${sealedVector.key}\`, address ${sealedVector.address}, counter ${sealedVector.counter}, objects ${JSON.stringify(sealedVector.entries)}: \`${sealedVector.bytes}\`. What a gateway says, and in which order, is in [bluetooth.md](bluetooth.md#advertising). These are the objects that are read, of any device:

${table(['id', 'name', 'type', 'factor', 'unit, or off / on'], objects)}

## Values

Integers, little-endian. "Not known" is all ones, or the most negative number of a signed format.

${table(['unit', 'format', 'exponent', 'assigned unit'], units)}

## Fragments

A message travels over rx or tx in fragments of at most the connection's MTU less 3 bytes, ${gatt.MIN_FRAGMENT_BYTES} at least. Each begins with one byte: start 0x80, end 0x40, and the kind.

${table(
  ['kind', 'from', 'message (bytes at most)'],
  described(gatt.FRAME_KINDS, WORDS.kinds).map(([name, number, [from, words]]) => [
    `${number} ${name}`,
    from,
    `${words} (${gatt.MAX_MESSAGE_BYTES[name]})`,
  ]),
)}

${table(
  ['status', 'ATT error', 'when'],
  described(gatt.STATUS, WORDS.statuses).map(([name, number, words]) => [name, hex(number), words]),
)}

## Sealed messages

At most ${gatt.MAX_PLAINTEXT_BYTES} bytes of plaintext, of which the first says what follows.

${table(
  ['first byte', 'what', 'then'],
  described(gatt.CHANNELS, WORDS.channels).map(([name, number, words]) => [number, name, words]),
)}

## Vectors

For other implementations: inputs and bytes, run by the tests in test/gatt.

${table(['file', 'what'], vectors)}
`;
writeFileSync(out, page);
