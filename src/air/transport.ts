/**
 * One end of the Host Controller Interface, as a host sees it: whole H4 packets, type byte included, in order.
 * A controller in this process is one, and so is a connection to the air of another process.
 */
export interface HciTransport {
  /** Ignored once closed. */
  send(packet: Buffer): void;
  /** One listener; the last one set counts. Called from the event loop, never from within send. */
  onPacket(listener: (packet: Buffer) => void): void;
  /** Called once, when the other end went away first. */
  onLost(listener: (reason: string) => void): void;
  /** The device is gone from the air at once. Idempotent. */
  close(): void;
}
