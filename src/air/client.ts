import { connect } from 'node:net';
import { PerigeeError } from '../domain/index.js';
import { H4Parser } from './h4.js';
import type { HciTransport } from './transport.js';

/** Joins the air of another process, which listens on a Unix socket. Rejects with `radio-unavailable`. */
export async function joinAir(path: string): Promise<HciTransport> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) => {
      const cure = 'Start a gateway with a virtual radio there, or give the path of one.';
      reject(new PerigeeError('radio-unavailable', `No virtual radio answers on ${path}`, cure, { cause }));
    });
  });
  const parser = new H4Parser();
  let onPacket: (packet: Buffer) => void = () => undefined;
  let onLost: (reason: string) => void = () => undefined;
  let closed = false;
  const lose = (reason: string): void => {
    if (closed) return;
    closed = true;
    socket.destroy();
    onLost(reason);
  };
  socket.on('data', (chunk) => {
    for (const packet of parser.push(chunk)) onPacket(packet);
    if (parser.fault !== undefined) lose(parser.fault);
  });
  socket.on('error', (error) => lose(error.message));
  socket.on('close', () => lose('the gateway closed its virtual radio'));
  return {
    send: (packet) => {
      if (!closed) socket.write(packet);
    },
    onPacket: (listener) => void (onPacket = listener),
    onLost: (listener) => void (onLost = listener),
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}
