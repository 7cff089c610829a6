import { chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HIGH_WATER_MARK } from './throttle.js';
import { RENDEZVOUS, type Meeting } from './qemu-args.js';

export interface Rendezvous extends Disposable {
  /** Resolves when all that a monitor said which has ended has been heard. */
  drained(): Promise<void>;
}

/** The sockets of a process that has ended close at once. */
const DRAIN_MS = 500;

/**
 * Listens where a monitor looks for its gateway: before it is started, or again in place of a gateway that is gone. It
 * comes by itself, each time that it has lost the connection. The folder is the run's own, and nobody else may enter it.
 * @throws Error where it cannot listen there.
 */
export function meetAt(folder: string, met: (id: Meeting, socket: Socket) => void): Rendezvous {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The monitor's own user, who may connect only to what is his.
  const { gid, uid } = statSync(folder);
  const open = new Set<Socket>();
  const servers: Server[] = [];
  const leave = (): void => {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const id of RENDEZVOUS) {
      const path = join(folder, id);
      servers.push(
        listen(path, (socket) => {
          open.add(socket);
          socket.once('close', () => open.delete(socket));
          // A monitor that is gone says so by an error; its end says the same.
          socket.on('error', () => undefined);
          met(id, socket);
        }),
      );
      chownSync(path, uid, gid);
    }
  } catch (error) {
    leave();
    throw error;
  }
  return {
    async drained() {
      const closed = [...open].map((socket) => new Promise((done) => socket.once('close', done)));
      await Promise.race([Promise.all(closed), delay(DRAIN_MS, undefined, { ref: false })]);
    },
    [Symbol.dispose]: leave,
  };
}

function listen(path: string, met: (socket: Socket) => void): Server {
  // Of a gateway that was killed.
  rmSync(path, { force: true });
  const server = createServer({ highWaterMark: HIGH_WATER_MARK }, met);
  // Told a turn later, when nobody waits for it; and of a connection that could not be taken, which the monitor tries again.
  server.on('error', () => undefined);
  server.listen(path);
  if (server.listening) return server;
  throw new Error(`no socket can be made at ${path}, where the guest's monitor looks for its gateway`);
}
