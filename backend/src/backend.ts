import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Database } from './database.js';
import { openEmbedded } from './embedded/index.js';
import { BackendError, reasonOf, systemCode } from './errors.js';
import { SILENT } from './logger.js';
import type { Logger } from './logger.js';
import { migrate } from './migrate.js';
import { totals } from './queries.js';
import type { Totals } from './queries.js';
import { createServer } from './server.js';

/** Requests that are under way have this long to end; one commit takes milliseconds. */
const CLOSE_WITHIN_MS = 5_000;

export interface BackendOptions {
  /** Holds the database; made if missing. One backend at a time. */
  readonly directory: string;
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger?: Logger;
}

export interface Backend extends AsyncDisposable {
  /** `http://127.0.0.1:8480`, with no slash at its end. */
  readonly url: string;
  totals(): Promise<Totals>;
}

/**
 * Opens the database and serves it until it is disposed of. Rejects with a BackendError of code `data-dir-unusable`,
 * `data-dir-locked`, `store-corrupt` or `port-taken`. A directory's first opening takes some seconds.
 */
export async function openBackend(options: BackendOptions): Promise<Backend> {
  const logger = options.logger ?? SILENT;
  const database = await openEmbedded(options.directory);
  try {
    await migrate(database);
    const server = createServer(database, logger);
    const url = await listen(server, options.host ?? '127.0.0.1', options.port);
    logger.info({ url, directory: options.directory }, 'backend is listening');
    return {
      url,
      totals: () => totals(database),
      [Symbol.asyncDispose]: () => close(server, database),
    };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port);
  }
  const { address, family, port: bound } = server.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
}

function listenError(error: unknown, host: string, port: number): unknown {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new BackendError(
        'port-taken',
        `port ${port} of ${host} is taken`,
        'Give another port, or 0 for any.',
        {
          cause: error,
        },
      );
    case 'EACCES':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new BackendError(
        'port-taken',
        `cannot listen on ${host}, port ${port}: ${reasonOf(error)}`,
        'Give an address of this machine and a port above 1023.',
        { cause: error },
      );
    default:
      return error;
  }
}

async function close(server: FastifyInstance, database: Database): Promise<void> {
  const force = setTimeout(() => server.server.closeAllConnections(), CLOSE_WITHIN_MS);
  await server.close();
  clearTimeout(force);
  await database[Symbol.asyncDispose]();
}
