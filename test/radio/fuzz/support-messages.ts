/**
 * What is sent to a gateway that should not be: by a phone (fragments of L2CAP packets, as ACL data), or by the gateway's
 * own controller (whole HCI packets). As text, for lists of findings: `start HEX`, `continue HEX`, `controller HEX`.
 */
export type Message =
  | { readonly from: 'phone'; readonly begins: boolean; readonly data: Buffer }
  | { readonly from: 'controller'; readonly packet: Buffer };

/** Of one ACL packet, as controllers with data length extension have it. */
const FRAGMENT_BYTES = 251;
/** The handles that the first two phones have; see `aimed`. */
const FIRST_HANDLE = 0x40;
const SECOND_HANDLE = 0x41;

export const CHANNEL = { signalling: 1, att: 4, leSignalling: 5, security: 6 } as const;

export function textOf(message: Message): string {
  if (message.from === 'controller') return `controller ${message.packet.toString('hex')}`;
  return `${message.begins ? 'start' : 'continue'} ${message.data.toString('hex')}`;
}

export function parseMessage(text: string): Message {
  const [kind, hex = ''] = text.split(' ');
  const bytes = Buffer.from(hex, 'hex');
  if (kind === 'controller') return { from: 'controller', packet: bytes };
  return { from: 'phone', begins: kind === 'start', data: bytes };
}

export function l2cap(channel: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(payload.length & 0xffff, 0);
  head.writeUInt16LE(channel, 2);
  return Buffer.concat([head, payload]);
}

/** Cut as a phone's controller cuts. */
export function inFragments(data: Buffer): readonly Message[] {
  const messages: Message[] = [];
  for (let at = 0; at === 0 || at < data.length; at += FRAGMENT_BYTES)
    messages.push({ from: 'phone', begins: at === 0, data: data.subarray(at, at + FRAGMENT_BYTES) });
  return messages;
}

/** What a phone and a controller said to a gateway that nobody attacked. */
export interface Corpus {
  /** L2CAP packets. */
  readonly packets: readonly Buffer[];
  /** HCI packets. */
  readonly events: readonly Buffer[];
}

/** One of each ATT request, also those that no stack sends; of pairing; and of both signalling channels. */
const BESIDE: readonly (readonly [number, string])[] = [
  [CHANNEL.att, '02f700'],
  [CHANNEL.att, '040100ffff'],
  [CHANNEL.att, '060100ffff00280a18'],
  [CHANNEL.att, '080100ffff0328'],
  [CHANNEL.att, '080100ffffdfc4cb1bb9b831b7b94cc59f010008f1'],
  [CHANNEL.att, '0a0300'],
  [CHANNEL.att, '0c03000000'],
  [CHANNEL.att, '0e03000500'],
  [CHANNEL.att, '100100ffff0028'],
  [CHANNEL.att, '1203000100'],
  [CHANNEL.att, '160300000041'],
  [CHANNEL.att, '1801'],
  [CHANNEL.att, '1800'],
  [CHANNEL.att, '1e'],
  [CHANNEL.att, '2003000500'],
  [CHANNEL.att, '52030001'],
  [CHANNEL.att, 'd203000102030405060708090a0b0c'],
  [CHANNEL.security, '01030000100101'],
  [CHANNEL.security, '02030000100101'],
  [CHANNEL.security, `03${'5a'.repeat(16)}`],
  [CHANNEL.security, `04${'a5'.repeat(16)}`],
  [CHANNEL.security, '0508'],
  [CHANNEL.security, `06${'11'.repeat(16)}`],
  [CHANNEL.security, `07${'22'.repeat(10)}`],
  [CHANNEL.security, `08${'33'.repeat(16)}`],
  [CHANNEL.security, `0c${'44'.repeat(64)}`],
  [CHANNEL.leSignalling, '12010800180028000000f401'],
  [CHANNEL.leSignalling, '14020a00800040000002f7000a00'],
  [CHANNEL.signalling, '0a0102000200'],
];

/** Events that a quiet air does not bring: code and parameters. */
const RARE: readonly (readonly [number, string])[] = [
  [0x05, '00410013'],
  [0x08, '00410001'],
  [0x0e, '01030c00'],
  [0x0e, '016c0c000100'],
  [0x0e, '010110000900000900000000'],
  [0x0e, '01091000010203040506'],
  [0x0e, '01051000fd030008000000'],
  [0x0e, '01022000fb0008'],
  [0x0e, '010514004100c4'],
  [0x0e, '011b20004100'],
  [0x0f, '00010604'],
  [0x10, '42'],
  [0x13, '0141000100'],
  [0x3e, '010041000100010203040506280000002a0000'],
  [0x3e, '0201000001020304050600c4'],
  [0x3e, '03004100280000002a00'],
  [0x3e, `0a0041000100010203040506${'00'.repeat(12)}280000002a0000`],
];

/** From every distinct packet that a gateway's host was given, in any order. */
export function corpusOf(recorded: readonly string[]): Corpus {
  const packets = new Map<string, Buffer>();
  const events = new Map<string, Buffer>();
  const add = (to: Map<string, Buffer>, bytes: Buffer): void => void to.set(bytes.toString('hex'), bytes);
  for (const hex of [...recorded].sort()) {
    const packet = Buffer.from(hex, 'hex');
    const isData = packet[0] === 2;
    if (isData && packet.length >= 9 && packet.readUInt16LE(5) === packet.length - 9)
      add(packets, packet.subarray(5));
    if (!isData || packets.size < 8) add(events, aimed(packet, SECOND_HANDLE));
  }
  for (const [channel, hex] of BESIDE) add(packets, l2cap(channel, Buffer.from(hex, 'hex')));
  for (const [code, hex] of RARE)
    add(events, Buffer.concat([Buffer.of(4, code, hex.length / 2), Buffer.from(hex, 'hex')]));
  return { packets: [...packets.values()], events: [...events.values()] };
}

/** By the code of an event. */
const HANDLES_AT: Readonly<Partial<Record<number, readonly number[]>>> = {
  0x05: [4],
  0x08: [4],
  0x0e: [7],
  0x3e: [4, 5],
};

/** Where in an HCI packet handles of connections are, as far as they are there. */
function handlePlaces(packet: Buffer): readonly number[] {
  if (packet[0] === 2) return [1];
  if (packet[0] !== 4) return [];
  if (packet[1] === 0x13) return Array.from({ length: packet[3] ?? 0 }, (_, i) => 4 + 4 * i);
  return HANDLES_AT[packet[1] ?? 0] ?? [];
}

/** Says of the attacker's connection what was said of one of the first two: a controller may say that one has ended. */
export function aimed(packet: Buffer, attacker: number): Buffer {
  const copy = Buffer.from(packet);
  for (const place of handlePlaces(copy)) {
    if (place + 2 > copy.length) continue;
    const value = copy.readUInt16LE(place);
    const isTheirs = [FIRST_HANDLE, SECOND_HANDLE].includes(value & 0x0fff);
    if (isTheirs) copy.writeUInt16LE((value & 0xf000) | attacker, place);
  }
  return copy;
}

/** Connections that a controller claims to have. */
export function claimedHandles(packets: readonly Buffer[]): readonly number[] {
  const claims = packets.filter(
    (packet) => packet[0] === 4 && packet[1] === 0x3e && packet[3] === 1 && packet.length >= 7,
  );
  return [...new Set(claims.map((packet) => packet.readUInt16LE(5)))];
}
