import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { ERROR_EXITS, PerigeeError, isEnded } from '../domain/index.js';
import type {
  CompactionProgress,
  AuditEntry,
  ErrorCode,
  GatewayControl,
  GatewayStatus,
  HistoryPoint,
  ImageList,
  LatestSample,
  RunNews,
  RunRecord,
  ScheduleStatus,
  ToldLoss,
  StoreStatistics,
  ShownInvitation,
  Technician,
} from '../domain/index.js';

/** The gateway behind a Unix socket. Every call fails with `gateway-not-running` when nobody listens there. */
export function connectControl(socketPath: string): GatewayControl {
  // A third of the time of a call is that of its connection. One that is not used holds nobody up at the end.
  const agent = new Agent({ keepAlive: true });
  const to = { agent, socketPath };
  const get = async <T>(path: string): Promise<T> => (await json({ ...to, method: 'GET', path })) as T;
  const post = async <T>(path: string, body: object): Promise<T> =>
    (await json({ ...to, method: 'POST', path, body })) as T;
  return {
    access: {
      technicians: () => get<readonly Technician[]>('/api/technicians'),
      invite: (terms) => post<ShownInvitation>('/api/technicians', terms),
      revoke: (name) => post<Technician>('/api/technicians/revoke', { name }),
      audit: (limit) => get<readonly AuditEntry[]>(`/api/audit?limit=${limit}`),
    },
    status: () => get<GatewayStatus>('/api/status'),
    images: () => get<ImageList>('/api/images'),
    // Those that go on are always told, however old they are.
    runs: async (limit) =>
      (await get<readonly RunRecord[]>('/api/runs')).filter((run, i) => i < limit || !isEnded(run)),
    latest: () => get<readonly LatestSample[]>('/api/latest'),
    history: ({ series, fromMs, toMs, resolution }) => {
      const query = new URLSearchParams({ series, from: String(fromMs), to: String(toMs), resolution });
      return stream<readonly HistoryPoint[]>({
        ...to,
        method: 'GET',
        path: `/api/history?${query.toString()}`,
      });
    },
    losses: () => get<readonly ToldLoss[]>('/api/losses'),
    store: {
      statistics: () => get<StoreStatistics>('/api/store'),
      backup: () => bytes({ ...to, method: 'GET', path: '/api/store/backup' }),
      compact: () => stream<CompactionProgress>({ ...to, method: 'POST', path: '/api/store/compact' }),
    },
    consoleLog: (id) => text({ ...to, method: 'GET', path: `/api/runs/${id}/log` }),
    run: (body) => stream<RunNews>({ ...to, method: 'POST', path: '/api/runs', body }),
    news: () => stream<RunNews>({ ...to, method: 'GET', path: '/api/live' }),
    stop: async (id) => (await json({ ...to, method: 'POST', path: `/api/runs/${id}/stop` })) as RunRecord,
    schedules: () => get<readonly ScheduleStatus[]>('/api/schedules'),
    addSchedule: (schedule) => post<ScheduleStatus>('/api/schedules', schedule),
    changeSchedule: async (name, change) =>
      (await json({
        ...{ ...to, method: 'POST' },
        path: `/api/schedules/${encodeURIComponent(name)}/${change}`,
      })) as ScheduleStatus,
  };
}

interface Call {
  readonly agent: Agent;
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}

async function json(call: Call): Promise<unknown> {
  return JSON.parse(await text(call)) as unknown;
}

async function text(call: Call): Promise<string> {
  const response = await open(call);
  try {
    return await wholeText(response);
  } catch (cause) {
    throw ended('while it answered', cause);
  }
}

async function* bytes(call: Call): AsyncGenerator<Uint8Array> {
  const response = await open(call);
  try {
    yield* response as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw ended('while it was read', cause);
  } finally {
    response.destroy();
  }
}

/** Leaving the iteration ends the request at once, even while it waits for the next line. */
function stream<T>(call: Call): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const leaving = new AbortController();
      const reader = lines<T>(call, leaving.signal);
      return {
        next: () => reader.next(),
        return() {
          leaving.abort();
          return reader.return(undefined);
        },
      };
    },
  };
}

async function* lines<T>(call: Call, left: AbortSignal): AsyncGenerator<T, undefined, undefined> {
  try {
    const response = await open(call, left);
    try {
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as T;
    } catch (cause) {
      // A line that is cut off is no JSON: it comes of the same end.
      throw ended('while its news were read', cause);
    } finally {
      response.destroy();
    }
  } catch (error) {
    if (!left.aborted) throw error;
  }
}

/** Every request may be repeated: what acts carries the id of what it acts on. */
function open(call: Call, signal?: AbortSignal): Promise<IncomingMessage> {
  const { agent, body, method, path, socketPath } = call;
  const options = { agent, socketPath, method, path, ...(signal ? { signal } : {}) };
  return new Promise((done, reject) => {
    const request = httpRequest(options, (response) => {
      if (response.statusCode === 200) done(response);
      else wholeText(response).then(refusal).then(reject, reject);
    });
    request.once('error', (cause: NodeJS.ErrnoException) => {
      // The gateway closed the connection just when it was used again.
      if (request.reusedSocket && cause.code === 'ECONNRESET' && signal?.aborted !== true)
        open(call, signal).then(done, reject);
      else reject(notRunning(socketPath, cause));
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function wholeText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The gateway's own refusal, code and all, so that the command line ends with the status that it documents. */
function refusal(body: string): PerigeeError {
  const { error, cure, code } = JSON.parse(body) as { error: string; cure: string; code: string };
  return new PerigeeError(code in ERROR_EXITS ? (code as ErrorCode) : 'internal', error, cure);
}

function ended(when: string, cause: unknown): PerigeeError {
  const cure = 'Start it again (`perigee serve`); its log says why it ended.';
  return new PerigeeError('gateway-not-running', `the gateway ended ${when}`, cure, { cause });
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
