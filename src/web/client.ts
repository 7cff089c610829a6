import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { ERROR_EXITS, PerigeeError } from '../domain/index.js';
import type {
  ErrorCode,
  GatewayControl,
  GatewayStatus,
  ImageList,
  LatestSample,
  RunNews,
  RunRecord,
} from '../domain/index.js';

/** The gateway behind a Unix socket. Every call fails with `gateway-not-running` when nobody listens there. */
export function connectControl(socketPath: string): GatewayControl {
  const get = async <T>(path: string): Promise<T> => (await json(socketPath, 'GET', path)) as T;
  return {
    status: () => get<GatewayStatus>('/api/status'),
    images: () => get<ImageList>('/api/images'),
    runs: async (limit) => (await get<readonly RunRecord[]>('/api/runs')).slice(0, limit),
    latest: () => get<readonly LatestSample[]>('/api/latest'),
    consoleLog: async (id) => text(await open(socketPath, 'GET', `/api/runs/${id}/log`)),
    run: (request) => lines(() => open(socketPath, 'POST', '/api/runs', request)),
    news: () => lines(() => open(socketPath, 'GET', '/api/live')),
    stop: async (id) => (await json(socketPath, 'POST', `/api/runs/${id}/stop`)) as RunRecord,
  };
}

async function json(socketPath: string, method: 'GET' | 'POST', path: string): Promise<unknown> {
  return JSON.parse(await text(await open(socketPath, method, path))) as unknown;
}

async function* lines(connect: () => Promise<IncomingMessage>): AsyncIterable<RunNews> {
  const response = await connect();
  try {
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as RunNews;
  } finally {
    response.destroy();
  }
}

function open(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<IncomingMessage> {
  return new Promise((done, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false }, (response) => {
      if (response.statusCode === 200) done(response);
      else text(response).then((reason) => reject(refusal(reason)), reject);
    });
    request.once('error', (cause: NodeJS.ErrnoException) => reject(notRunning(socketPath, cause)));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The gateway's own refusal, code and all, so that the command line ends with the status that it documents. */
function refusal(body: string): PerigeeError {
  const { error, cure, code } = JSON.parse(body) as { error: string; cure: string; code: string };
  return new PerigeeError(code in ERROR_EXITS ? (code as ErrorCode) : 'internal', error, cure);
}

function notRunning(socketPath: string, cause: NodeJS.ErrnoException): PerigeeError {
  const message = `no gateway answers at ${socketPath}`;
  return new PerigeeError(
    'gateway-not-running',
    message,
    'Start one with `perigee serve`, or name its --data.',
    { cause },
  );
}
