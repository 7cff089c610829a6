import type { FastifyInstance } from 'fastify';
import { isId, isPrintable } from './checks.js';
import type { Database } from './database.js';
import { Refusal } from './errors.js';
import { ROWS_DEFAULT, ROWS_MAX } from './limits.js';
import {
  findGateway,
  latestSamples,
  listGateways,
  listRuns,
  listSeries,
  samplesOf,
  seriesExists,
} from './queries.js';

interface GatewayRoute {
  readonly Params: { readonly id: string };
  readonly Querystring: Readonly<Record<string, unknown>>;
}

/** The query API: JSON, read only. */
export function addQueryRoutes(server: FastifyInstance, database: Database): void {
  server.get('/healthz', async () => {
    await database.query('SELECT 1');
    return { status: 'ok' };
  });
  server.get('/v1/gateways', () => listGateways(database));
  server.get<GatewayRoute>('/v1/gateways/:id', ({ params }) => knownGateway(database, params.id));
  addGatewayRoute(server, database, 'latest', (id) => latestSamples(database, id));
  addGatewayRoute(server, database, 'series', (id) => listSeries(database, id));
  addGatewayRoute(server, database, 'runs', (id, query) => listRuns(database, id, limitOf(query)));
  addGatewayRoute(server, database, 'observations', async (id, query) => {
    const series = seriesOf(query);
    if (!isPrintable(series) || !(await seriesExists(database, id, series))) {
      throw new Refusal(
        404,
        `the gateway has no series "${series}"`,
        `GET /v1/gateways/${id}/series lists what it has.`,
      );
    }
    const from = integerOf(
      query,
      'from',
      Number.MIN_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    );
    const to = integerOf(
      query,
      'to',
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    );
    return samplesOf(database, id, { series, from, to, limit: limitOf(query) });
  });
}

function addGatewayRoute(
  server: FastifyInstance,
  database: Database,
  what: string,
  answer: (id: string, query: GatewayRoute['Querystring']) => Promise<object>,
): void {
  server.get<GatewayRoute>(`/v1/gateways/:id/${what}`, async ({ params, query }) => {
    await knownGateway(database, params.id);
    return answer(params.id, query);
  });
}

async function knownGateway(database: Database, id: string): Promise<object> {
  const gateway = isId(id) ? await findGateway(database, id) : undefined;
  if (gateway !== undefined) return gateway;
  throw new Refusal(
    404,
    'no batch of such a gateway has arrived',
    'GET /v1/gateways lists those that are known.',
  );
}

function seriesOf(query: GatewayRoute['Querystring']): string {
  const series = query['series'];
  if (typeof series === 'string' && series !== '') return series;
  throw new Refusal(400, 'series is missing', "Add ?series=NAME with one series' name.");
}

function limitOf(query: GatewayRoute['Querystring']): number {
  return integerOf(query, 'limit', ROWS_DEFAULT, 1, ROWS_MAX);
}

function integerOf(
  query: GatewayRoute['Querystring'],
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const text = query[name];
  if (text === undefined) return fallback;
  const value = typeof text === 'string' && /^-?\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new Refusal(400, `${name} is not understood`, `Give one whole number from ${min} to ${max}.`);
}
