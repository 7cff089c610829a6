import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { PerigeeError } from '../domain/index.js';
import type { Logger } from '../domain/index.js';
import type { Air } from './air.js';
import { H4Parser } from './h4.js';

/** Phones of other processes at once. */
const MAX_CLIENTS = 16;
/** What waits for a client that does not read; then it is put out. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** sockaddr_un holds 108 bytes, the last one a zero. */
const MAX_PATH_BYTES = 107;

export interface AirServer extends AsyncDisposable {
  readonly path: string;
}

/**
 * Lets other processes of the same user onto the air: each connection to the Unix socket is the H4 stream of a
 * controller of its own. Rejects with `radio-unavailable`.
 */
export async function serveAir(air: Air, path: string, logger: Logger): Promise<AirServer> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw unavailable(path, `A Unix socket's path has at most ${MAX_PATH_BYTES} bytes: use a shorter one.`);
  }
  await removeStale(path);
  const clients = new Set<Socket>();
  const server = createServer((socket) => welcome(air, clients, socket, logger));
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function welcome(air: Air, clients: Set<Socket>, socket: Socket, logger: Logger): void {
  if (clients.size >= MAX_CLIENTS) return void socket.destroy();
  clients.add(socket);
  const controller = air.attach();
  const parser = new H4Parser();
  controller.onPacket((packet) => {
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    else if (!socket.write(packet)) controller.hold(true);
  });
  socket.on('drain', () => controller.hold(false));
  socket.on('data', (chunk) => {
    for (const packet of parser.push(chunk)) controller.send(packet);
    if (parser.fault === undefined) return;
    logger.warn({ fault: parser.fault }, 'a client of the virtual radio spoke no HCI and was put out');
    socket.destroy();
  });
  // A client that dies is no event: 'close' follows and cleans up.
  socket.on('error', (error) =>
    logger.debug({ error: error.message }, 'a client of the virtual radio broke off'),
  );
  socket.on('close', () => {
    clients.delete(socket);
    controller.close();
  });
}

async function listening(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(unavailable(path, 'Give a path in a directory that can be written.', cause)),
    );
    server.listen(path, resolve);
  });
}

/** A gateway that was killed leaves its socket behind: nobody answers there. Whatever else is there is not ours. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw unavailable(path, 'Something else is there: give another path.');
  if (await isAlive(path)) throw unavailable(path, 'Stop the other gateway, or give this one another path.');
  unlinkSync(path);
}

async function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function unavailable(path: string, cure: string, cause?: unknown): PerigeeError {
  return new PerigeeError('radio-unavailable', `The virtual radio cannot listen on ${path}`, cure, { cause });
}
