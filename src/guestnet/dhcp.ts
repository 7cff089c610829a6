import { GATEWAY_IP, GUEST_IP, NETMASK } from './addresses.js';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** RFC 2131, 2 and RFC 2132. */
const FIXED_BYTES = 236;
const COOKIE = Buffer.from([99, 130, 83, 99]);
const BOOT_REQUEST = 1;
const BOOT_REPLY = 2;
const DISCOVER = 1;
const OFFER = 2;
const REQUEST = 3;
const ACK = 5;
const NAK = 6;
const OPTION_PAD = 0;
const OPTION_END = 255;
const OPTION_REQUESTED_IP = 50;
const OPTION_KIND = 53;
const OPTION_SERVER = 54;

const DAY_SECONDS = 86_400;
/** What every client takes (RFC 1542, 2.1). */
const MIN_MESSAGE_BYTES = 300;

/** Every guest gets the one address, for a day; there is a router for guests that insist on one, and it routes nothing. */
export function answerDhcp(message: Buffer): Buffer | undefined {
  if (message.length < FIXED_BYTES + COOKIE.length || message[0] !== BOOT_REQUEST) return undefined;
  if (!message.subarray(FIXED_BYTES, FIXED_BYTES + 4).equals(COOKIE)) return undefined;
  const options = parseOptions(message.subarray(FIXED_BYTES + 4));
  const kind = options.get(OPTION_KIND)?.[0];
  if (kind === DISCOVER) return reply(message, OFFER);
  if (kind !== REQUEST) return undefined;
  const server = options.get(OPTION_SERVER);
  if (server !== undefined && !server.equals(GATEWAY_IP)) return undefined;
  const wanted = options.get(OPTION_REQUESTED_IP) ?? message.subarray(12, 16);
  return reply(message, wanted.equals(GUEST_IP) ? ACK : NAK);
}

function parseOptions(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const code = bytes.readUInt8(at);
    if (code === OPTION_END) break;
    at += 1;
    if (code === OPTION_PAD) continue;
    const length = bytes[at] ?? 0;
    options.set(code, bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return options;
}

function reply(request: Buffer, kind: number): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed[0] = BOOT_REPLY;
  request.copy(fixed, 1, 1, 3); // hardware type, length of its addresses
  request.copy(fixed, 4, 4, 8); // transaction
  request.copy(fixed, 10, 10, 12); // flags
  if (kind !== NAK) GUEST_IP.copy(fixed, 16);
  request.copy(fixed, 28, 28, 44); // the client's hardware address
  const lease = Buffer.alloc(4);
  lease.writeUInt32BE(DAY_SECONDS);
  const granted = [option(51, lease), option(1, NETMASK), option(3, GATEWAY_IP)];
  const message = Buffer.concat([
    ...[fixed, COOKIE, option(OPTION_KIND, Buffer.from([kind])), option(OPTION_SERVER, GATEWAY_IP)],
    ...(kind === NAK ? [] : granted),
    Buffer.from([OPTION_END]),
  ]);
  return Buffer.concat([message, Buffer.alloc(Math.max(0, MIN_MESSAGE_BYTES - message.length))]);
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}
