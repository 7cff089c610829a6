import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { chmodSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { PerigeeError, reasonOf, type GatewayControl, type Logger } from '../domain/index.js';
import { isOurHost, namesOf } from './hosts.js';
import { pageFile } from './page-files.js';
import { ROUTES, type Answer, type Route } from './routes.js';

export interface Served extends AsyncDisposable {
  /** http://host:port, or the socket's path. */
  readonly address: string;
}

/** A run request is a few hundred bytes. */
const MAX_BODY_BYTES = 4096;
/** sun_path of unix(7) holds 108 bytes with its final zero. */
const MAX_SOCKET_PATH = 107;
/** A browser that stays gets its stream closed by TCP, so only the first line of a request is waited for. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Browsers and command lines of one board; more connections than this are a mistake or an attack. */
const MAX_CONNECTIONS = 64;

/** For those who are being told something when the server ends: the last of it is on its way, unless they do not read. */
const LAST_WORDS_MS = 1000;
const LOOK_EVERY_MS = 10;

/** Everything, for whoever may open the socket: its mode is 0600. */
export async function serveControl(control: GatewayControl, path: string, logger: Logger): Promise<Served> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    const message = `the path of the control socket is longer than ${MAX_SOCKET_PATH} bytes: ${path}`;
    throw new PerigeeError('data-dir-unusable', message, 'Choose a data directory with a shorter path.');
  }
  // The store's lock says that no other gateway lives here, so a socket that is found is a dead one's.
  rmSync(path, { force: true });
  const server = httpServer(control, ROUTES, () => undefined, logger);
  await listen(server, { path }, `the control socket ${path}`);
  chmodSync(path, 0o600);
  return served(server, path);
}

/** The page and the read-only routes. Port 0 takes any free one. */
export async function servePage(
  control: GatewayControl,
  at: { readonly host: string; readonly port: number },
  logger: Logger,
): Promise<Served> {
  const routes = ROUTES.filter((route) => !route.privileged);
  const server = httpServer(control, routes, admitNames(namesOf(hostname(), at.host)), logger);
  await listen(server, at, `port ${at.port} of ${at.host}`);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : at.port;
  return served(server, `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}`);
}

/** Undefined for a request that may come in, else why not. */
type Admit = (request: IncomingMessage) => PerigeeError | undefined;

function admitNames(names: readonly string[]): Admit {
  const cure = `Use an IP address of this machine, or one of these names: ${names.join(', ')}.`;
  return ({ headers: { host } }) =>
    isOurHost(host, names)
      ? undefined
      : new PerigeeError('usage', `"${host ?? ''}" is no name of this gateway`, cure);
}

function httpServer(control: GatewayControl, routes: readonly Route[], admit: Admit, logger: Logger): Server {
  const server = createServer((request, response) => {
    handle(control, routes, admit(request), request, response).catch((error: unknown) => {
      if (!(error instanceof PerigeeError))
        logger.error({ url: request.url, error: reasonOf(error) }, 'request failed');
      refuse(response, error);
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function handle(
  control: GatewayControl,
  routes: readonly Route[],
  refused: PerigeeError | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/', query = ''] = (request.url ?? '/').split('?');
  if (refused) {
    fail(response, 403, refused.message, refused.cure);
    return;
  }
  const page = request.method === 'GET' ? await pageFile(path) : undefined;
  if (page) {
    response.writeHead(200, page.headers).end(page.body);
    return;
  }
  const route = routes.find(({ method, path: pattern }) => method === request.method && pattern.test(path));
  if (!route) {
    fail(response, 404, `there is no ${request.method ?? ''} ${path} here`, 'See docs/http.md.');
    return;
  }
  const id = route.path.exec(path)?.[1] ?? '';
  const body = route.method === 'POST' ? await readJson(request) : askedFor(query);
  await send(response, await route.answer(control, id, body), request.headers.accept === 'text/event-stream');
}

async function send(response: ServerResponse, answer: Answer, asEvents: boolean): Promise<void> {
  if (answer.kind === 'text') {
    response.writeHead(200, {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    response.end(answer.text);
    return;
  }
  if (answer.kind === 'json') {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(answer.value)}\n`);
    return;
  }
  if (answer.kind === 'bytes') {
    await stream(response, answer.chunks, { type: 'application/octet-stream', encode: (chunk) => chunk });
    return;
  }
  await stream(response, answer.values, asEvents ? EVENTS : LINES, asEvents);
}

/** How values become a stream of bytes. */
interface Encoding<T> {
  readonly type: string;
  readonly encode: (value: T) => string | Uint8Array;
}

const LINES: Encoding<unknown> = {
  type: 'application/x-ndjson',
  encode: (value) => `${JSON.stringify(value)}\n`,
};
/** Server-sent events, for a browser. */
const EVENTS: Encoding<unknown> = {
  type: 'text/event-stream',
  encode: (value) => `data: ${JSON.stringify(value)}\n\n`,
};

/** At the reader's pace: of news, one that is too slow loses the oldest. `atOnce`: before there is a first value. */
async function stream<T>(
  response: ServerResponse,
  values: AsyncIterable<T>,
  { type, encode }: Encoding<T>,
  atOnce = false,
): Promise<void> {
  const iterator = values[Symbol.asyncIterator]();
  response.once('close', () => void iterator.return?.());
  // The first value is awaited before the status line, because a refusal must be able to change it.
  let step = atOnce ? undefined : await iterator.next();
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders();
  step ??= await iterator.next();
  while (step.done !== true) {
    const flowing = response.write(encode(step.value));
    if (!flowing && !response.destroyed) await roomIn(response);
    step = await iterator.next();
  }
  response.end();
}

/** There is room again, or nobody to write to. Of many waits in one stream, none leaves a listener behind. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((go) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      go();
    };
    response.on('drain', done).on('close', done);
  });
}

/** What is there several times is a list. */
function askedFor(query: string): Readonly<Record<string, string | readonly string[]>> {
  const parameters = new URLSearchParams(query);
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((name) => {
      const [first = '', ...more] = parameters.getAll(name);
      return [name, more.length === 0 ? first : [first, ...more]];
    }),
  );
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new PerigeeError('usage', 'the request is too long', 'Send less than 4 KiB.');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch (cause) {
    throw new PerigeeError('usage', 'the request is no JSON', 'Send a JSON object.', { cause });
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!(error instanceof PerigeeError)) return fail(response, 500, 'the gateway failed', 'See its log.');
  const status = error.code.endsWith('-unknown') ? 404 : error.code === 'usage' ? 400 : 409;
  fail(response, status, error.message, error.cure, error.code);
}

function fail(response: ServerResponse, status: number, error: string, cure: string, code = 'usage'): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ error, cure, code })}\n`);
}

function listen(
  server: Server,
  at: { path: string } | { host: string; port: number },
  what: string,
): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const message = taken
        ? `${what} is taken by another program`
        : `cannot listen on ${what}: ${cause.message}`;
      const cure = taken
        ? 'Choose another with --set web.port=N, or end that program.'
        : 'Correct web.host and web.port.';
      reject(new PerigeeError('port-taken', message, cure, { cause }));
    });
    server.listen(at, done);
  });
}

function served(server: Server, address: string): Served {
  return {
    address,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        // A connection whose answer is complete stays open for the next request.
        const idle = setInterval(() => server.closeIdleConnections(), LOOK_EVERY_MS);
        const late = setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS);
        server.close(() => {
          clearInterval(idle);
          clearTimeout(late);
          done();
        });
      }),
  };
}
