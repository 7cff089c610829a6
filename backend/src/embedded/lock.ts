import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { BackendError, systemCode } from '../errors.js';

/**
 * Keeps a second backend out of a directory: a Unix socket in it, on which the holder listens. Whether the holder
 * lives is asked of the kernel, so a killed one leaves no lock that a person must remove.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const descriptor = openSync(directory, 'r');
  // A socket's path has at most 107 bytes; by way of the descriptor any directory is near enough.
  const base = process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : directory;
  try {
    const server = await holdSocket(join(base, 'lock'), directory);
    return {
      async [Symbol.asyncDispose](): Promise<void> {
        await new Promise((closed) => server.close(closed));
        closeSync(descriptor);
      },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

async function holdSocket(path: string, directory: string): Promise<Server> {
  try {
    return await listen(path);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
  }
  if (await answers(path)) {
    throw new BackendError(
      'data-dir-locked',
      `another backend is using ${directory}`,
      'Stop it, or give another directory.',
    );
  }
  rmSync(path, { force: true });
  return listen(path);
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(path);
  await once(server, 'listening');
  // The lock alone keeps no process alive.
  return server.unref();
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Refused: the socket's owner is gone.
    return false;
  } finally {
    socket.destroy();
  }
}
