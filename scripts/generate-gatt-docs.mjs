// Writes docs/gatt.md (or the file given) from the compiled contract: `npm run gatt-docs`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
    busy: 'as many as it can serve',
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

const text = `# The Bluetooth contract

This page is made of the code by \`npm run gatt-docs\`; a test fails when it is not what the code says. What it is all for is in [bluetooth.md](bluetooth.md).

## Services

Our UUIDs are \`${gatt.slotUuid(0).slice(0, 4)}SSSS-${gatt
  .slotUuid(0)
  .slice(8)
  .replace(/^(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4')}\` with a 16-bit slot SSSS.

${table(['service', 'for', 'characteristic', 'properties', 'value'], services)}

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
writeFileSync(out, text);
