import { STATUS_CODES } from 'node:http';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { Database } from './database.js';
import { Refusal, reasonOf } from './errors.js';
import { addIngestRoute } from './ingest-route.js';
import { BATCH_BYTES_MAX } from './limits.js';
import type { Logger } from './logger.js';
import { addQueryRoutes } from './query-routes.js';

/** A gateway on a slow link sends its largest batch at 10 kB/s within this time; a client that dawdles is cut off. */
const REQUEST_TIMEOUT_MS = 60_000;

export function createServer(database: Database, logger: Logger): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BATCH_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
  });
  server.removeAllContentTypeParsers();
  server.setErrorHandler(async (error, request, reply) => {
    const { status, message, cure } = asRefusal(error);
    if (status >= 500) logger.error({ error, url: request.url }, 'a request failed');
    else logger.warn({ status, url: request.url, reason: message }, 'a request was refused');
    await reply.status(status).send({ error: message, cure });
  });
  server.setNotFoundHandler((request) => {
    throw new Refusal(
      404,
      `there is no ${request.method} ${request.url}`,
      'See backend/README.md for what there is.',
    );
  });
  addIngestRoute(server, database);
  addQueryRoutes(server, database);
  return server;
}

/** Fastify's own errors carry a status; what carries none is our failure, whose words are for the log alone. */
function asRefusal(error: unknown): Pick<Refusal, 'status' | 'message' | 'cure'> {
  if (error instanceof Refusal) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    return { status, message: reasonOf(error), cure: CURES[status] ?? 'Correct the request.' };
  }
  return {
    status: 500,
    message: STATUS_CODES[500] ?? '',
    cure: "Try again later; the backend's log says more.",
  };
}

const CURES: Readonly<Record<number, string>> = {
  413: `Send batches of at most ${BATCH_BYTES_MAX} bytes.`,
  415: 'Send application/x-protobuf.',
};
