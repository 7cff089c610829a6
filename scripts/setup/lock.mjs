// One set-up at a time in one working tree.
import { createHash } from 'node:crypto';
import { createServer, connect } from 'node:net';
import { say } from './report.mjs';

/**
 * Runs `work` while holding the tree's lock: a listening socket in Linux's abstract namespace. The kernel frees it when
 * its holder dies, so there is no stale lock, and who waits for it is told by the connection's end. Other systems have
 * no such namespace, and no lock.
 */
export async function withLock(root, work) {
  if (process.platform !== 'linux') return work();
  const name = `\0perigee-setup-${createHash('sha256').update(root).digest('hex').slice(0, 32)}`;
  let server = await tryListen(name);
  if (!server) say('set-up: waiting for another set-up of this working tree to end');
  while (!server) {
    await untilReleased(name);
    server = await tryListen(name);
  }
  try {
    return await work();
  } finally {
    server.release();
  }
}

function tryListen(name) {
  return new Promise((done, fail) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      // A waiter that was interrupted is no reason to stop.
      socket.on('error', () => socket.destroy()).on('close', () => waiting.delete(socket));
    });
    server.release = () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    };
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? done(undefined) : fail(error)));
    server.listen(name, () => done(server));
  });
}

/** Resolves when the holder is gone; at once if it went before we could connect. */
function untilReleased(name) {
  return new Promise((done) => {
    const socket = connect(name);
    socket.on('error', () => socket.destroy());
    socket.on('close', done);
    socket.resume();
  });
}
