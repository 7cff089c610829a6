import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What became of lines that a guest sent. */
export interface Verdict {
  readonly taken: number;
  readonly dropped: number;
  readonly fault?: string;
}

/** Of one request: half a minute of all that a guest may report. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 4096;

/** InfluxDB's own paths, of versions 1 and 2: its clients then need no other setting than the address. */
const WRITE_PATHS = ['/write', '/api/v2/write'];
const PING_PATH = '/ping';

type Lines = (body: Buffer) => Verdict;

/** Node's HTTP server, which listens nowhere: it is handed the connections that the stack has accepted. */
export function linesServer(lines: Lines): Server {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    // A guest that goes away in the middle of a request.
    handle(request, response, lines).catch(() => response.destroy());
  });
  // Nothing is asked of a body that is too long.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers['content-length']) <= MAX_BODY_BYTES) response.writeContinue();
    handle(request, response, lines).catch(() => response.destroy());
  });
  return server;
}

/** A status, and what to do about it. */
type Outcome = readonly [status: number, text?: string];

async function handle(request: IncomingMessage, response: ServerResponse, lines: Lines): Promise<void> {
  answer(response, ...(await outcome(request, lines)));
}

async function outcome(request: IncomingMessage, lines: Lines): Promise<Outcome> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === PING_PATH) return [204];
  if (!WRITE_PATHS.includes(path)) return [404, `POST line protocol to ${WRITE_PATHS.join(' or ')}`];
  if (request.method !== 'POST') return [405, 'POST line protocol here'];
  if (request.headers['content-encoding'] !== undefined) return [415, 'send it uncompressed'];
  const body = await wholeBody(request);
  if (!body) return [413, `a request has ${MAX_BODY_BYTES} bytes at most`];
  const { dropped, fault, taken } = lines(body);
  if (fault !== undefined) return [400, fault];
  if (taken > 0) return [204];
  if (dropped > 0) return [429, 'over a limit of docs/metrics.md'];
  return [400, 'no line is a point: docs/metrics.md has the grammar'];
}

/** Undefined for one that is too long, of which no more is read. Not by iteration, whose end would cut off the answer. */
function wholeBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_BODY_BYTES) return;
      request.pause();
      chunks.length = 0;
      done(undefined);
    });
    request.once('end', () => done(Buffer.concat(chunks)));
    request.once('error', failed);
  });
}

function answer(response: ServerResponse, status: number, text = ''): void {
  // A request that was not read to its end is followed by what was not read.
  const rest = response.req.complete ? {} : { connection: 'close' };
  if (text === '') {
    response.writeHead(status, rest).end();
    return;
  }
  const body = `${text}\n`;
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, {
    ...rest,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': length,
  });
  response.end(body);
}
