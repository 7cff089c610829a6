import { BROADCAST_IP, GATEWAY_IP, HTTP_PORT, LINES_UDP_PORT } from './addresses.js';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, answerDhcp } from './dhcp.js';
import { TYPE_ARP, TYPE_IPV4, answerArp, buildFrame, parseFrame } from './ethernet.js';
import { ICMP, TCP, UDP, answerEcho, buildPacket, parsePacket, type Packet } from './ipv4.js';
import { TcpConnection, type TcpUser } from './tcp.js';
import { ACK, SYN, buildSegment, parseSegment, refuse, type Segment } from './tcp-segment.js';
import { buildDatagram, parseDatagram } from './udp.js';

/** Of one guest. A client uses one or two; each holds a window of bytes at most. */
export const MAX_CONNECTIONS = 8;

export interface StackParts {
  readonly transmit: (frame: Buffer) => void;
  /** Lines that came in one datagram. */
  readonly lines: (payload: Buffer) => void;
  /** Somebody connects to the HTTP port. */
  readonly connected: (connection: () => TcpConnection) => TcpUser;
}

/**
 * All that a guest's network consists of: a gateway that answers ARP, DHCP and pings, takes lines by UDP, and connections
 * on one TCP port. It forwards nothing, and opens no socket. What it does not understand it ignores, as networks do.
 */
export class Stack {
  readonly #parts: StackParts;
  readonly #connections = new Map<string, TcpConnection>();

  constructor(parts: StackParts) {
    this.#parts = parts;
  }

  get connections(): number {
    return this.#connections.size;
  }

  receive(bytes: Buffer, nowUs: number): void {
    const frame = parseFrame(bytes);
    if (!frame) return;
    if (frame.type === TYPE_ARP) return this.#answer(frame.from, TYPE_ARP, answerArp(frame.body));
    const packet = frame.type === TYPE_IPV4 ? parsePacket(frame.body) : undefined;
    if (!packet) return;
    const toUs = packet.to.equals(GATEWAY_IP);
    if (packet.protocol === UDP && (toUs || packet.to.equals(BROADCAST_IP))) this.#onUdp(packet, frame.from);
    // Nobody can be answered whose address is ours, nobody's or everybody's.
    if (!toUs || !isUnicast(packet.from)) return;
    if (packet.protocol === ICMP) this.#reply(packet, frame.from, answerEcho(packet.body));
    if (packet.protocol === TCP) this.#onTcp(packet, frame.from, nowUs);
  }

  /** Now and then, for as long as there are connections. */
  tick(nowUs: number): void {
    for (const connection of [...this.#connections.values()]) connection.tick(nowUs);
    this.#forget();
  }

  /** The guest has gone. */
  close(): void {
    for (const connection of [...this.#connections.values()]) connection.abort();
    this.#connections.clear();
  }

  #onUdp(packet: Packet, mac: Buffer): void {
    const datagram = parseDatagram(packet);
    if (datagram?.toPort === LINES_UDP_PORT && packet.to.equals(GATEWAY_IP))
      this.#parts.lines(datagram.payload);
    if (datagram?.toPort !== DHCP_SERVER_PORT || datagram.fromPort !== DHCP_CLIENT_PORT) return;
    const payload = answerDhcp(datagram.payload);
    if (!payload) return;
    const answer = { fromPort: DHCP_SERVER_PORT, toPort: DHCP_CLIENT_PORT, payload };
    this.#answer(mac, TYPE_IPV4, buildPacket(UDP, BROADCAST_IP, buildDatagram(BROADCAST_IP, answer)));
  }

  #onTcp(packet: Packet, mac: Buffer, nowUs: number): void {
    const segment = parseSegment(packet);
    if (!segment) return;
    const key = `${packet.from.toString('hex')}:${segment.fromPort}`;
    const known = segment.toPort === HTTP_PORT ? this.#connections.get(key) : undefined;
    if (known) known.receive(segment, nowUs);
    else if (this.#mayConnect(segment)) this.#connect(key, segment, packet, mac, nowUs);
    else {
      const refusal = refuse(segment);
      if (refusal) this.#reply(packet, mac, buildSegment(packet.from, refusal));
    }
    this.#forget();
  }

  #mayConnect({ flags, toPort }: Segment): boolean {
    return toPort === HTTP_PORT && (flags & (SYN | ACK)) === SYN && this.#connections.size < MAX_CONNECTIONS;
  }

  #connect(key: string, syn: Segment, { from }: Packet, mac: Buffer, nowUs: number): void {
    // Copies: they outlive the chunk that they came in.
    const peer = Buffer.from(from);
    const hardware = Buffer.from(mac);
    const transmit = (segment: Segment): void =>
      this.#answer(hardware, TYPE_IPV4, buildPacket(TCP, peer, buildSegment(peer, segment)));
    const user = this.#parts.connected(() => connection);
    const connection: TcpConnection = new TcpConnection(syn, transmit, user, nowUs);
    this.#connections.set(key, connection);
  }

  #reply(packet: Packet, mac: Buffer, body: Buffer | undefined): void {
    if (body) this.#answer(mac, TYPE_IPV4, buildPacket(packet.protocol, packet.from, body));
  }

  #answer(mac: Buffer, type: number, body: Buffer | undefined): void {
    if (body) this.#parts.transmit(buildFrame(mac, type, body));
  }

  #forget(): void {
    for (const [key, connection] of this.#connections) if (connection.isClosed) this.#connections.delete(key);
  }
}

function isUnicast(address: Buffer): boolean {
  const first = address[0] ?? 0;
  return first > 0 && first < 224 && first !== 127 && !address.equals(GATEWAY_IP) && address[3] !== 255;
}
