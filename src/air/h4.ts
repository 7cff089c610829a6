import { PACKET } from './hci.js';

/** The longest ACL packet that a controller of ours takes or gives, and more than twice what it announces. */
const MAX_ACL_BYTES = 1024;

/**
 * Cuts a byte stream into HCI packets (H4; Core specification, vol 4, part A). H4 has no way to find back into step,
 * so the first byte that starts no packet is a fault, and whoever owns the stream ends it.
 */
export class H4Parser {
  #rest = Buffer.alloc(0);
  #fault: string | undefined;

  get fault(): string | undefined {
    return this.#fault;
  }

  /** Each packet with its type byte. Nothing comes after a fault. */
  push(chunk: Uint8Array): readonly Buffer[] {
    const packets: Buffer[] = [];
    let rest = this.#fault === undefined ? Buffer.concat([this.#rest, chunk]) : Buffer.alloc(0);
    for (;;) {
      const length = packetLength(rest);
      if (typeof length === 'string') {
        this.#fault = length;
        rest = Buffer.alloc(0);
      }
      if (typeof length !== 'number' || rest.length < length) break;
      packets.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.#rest = rest;
    return packets;
  }
}

/** Undefined until enough of the header is there to tell; a text for a fault. */
function packetLength(bytes: Buffer): number | string | undefined {
  const type = bytes[0];
  switch (type) {
    case undefined:
      return undefined;
    case PACKET.command:
      return bytes.length < 4 ? undefined : 4 + bytes.readUInt8(3);
    case PACKET.event:
      return bytes.length < 3 ? undefined : 3 + bytes.readUInt8(2);
    case PACKET.acl:
      return bytes.length < 5 ? undefined : aclLength(bytes.readUInt16LE(3));
    default:
      return `0x${type.toString(16)} starts no HCI packet`;
  }
}

function aclLength(dataLength: number): number | string {
  if (dataLength > MAX_ACL_BYTES) return `an ACL packet of ${dataLength} bytes is too long`;
  return 5 + dataLength;
}
