import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { PerigeeError, reasonOf } from '../domain/index.js';

/** A receipt has about 40 bytes, and an error some hundred; whoever answers with more is no backend of ours. */
const ANSWER_BYTES_MAX = 16 * 1024;
/** A larger batch than this is our own mistake (the limits in batch.ts keep far below). */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;
/** Of a backend's complaint; longer text is no help in a log. */
const COMPLAINT_MAX = 300;
const PROTOBUF = 'application/x-protobuf';

export type Answer =
  | { readonly kind: 'answered'; readonly body: Uint8Array }
  | {
      readonly kind: 'failed';
      readonly error: PerigeeError;
      readonly retryAfter?: string;
      /** This batch is refused, and the same again would be. */
      readonly blocked: boolean;
    };

/** Statuses that speak of the batch itself (RFC 9110, 15.5), and not of the time, the place or the sender. */
const BLOCKING: readonly number[] = [400, 413, 415, 422];

/** Posts batches to one backend over a connection that is kept. The only code here that speaks HTTP. */
export class BackendClient implements Disposable {
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #agents = { httpAgent: agent(HttpAgent), httpsAgent: agent(HttpsAgent) };
  #axios: AxiosInstance | undefined;

  constructor(url: URL, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /** One attempt. Every way in which it can go wrong is a value; only the caller's abort rejects. */
  async post(batch: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const axios = (this.#axios ??= await loadAxios());
    // Axios' own time limit restarts with every byte, so that a server could drip for ever.
    const limit = new AbortController();
    const end = (): void => limit.abort();
    const timer = setTimeout(end, this.#timeoutMs);
    signal.addEventListener('abort', end);
    try {
      signal.throwIfAborted();
      return this.#judge(await this.#request(axios, batch, limit.signal));
    } catch (error) {
      signal.throwIfAborted();
      const why = limit.signal.aborted ? `no answer within ${this.#timeoutMs} ms` : reasonOf(error);
      return { kind: 'failed', error: this.#unreachable(why, error), blocked: false };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  async #request(
    axios: AxiosInstance,
    batch: Uint8Array,
    signal: AbortSignal,
  ): Promise<AxiosResponse<Buffer>> {
    return axios.post<Buffer>(this.#url.href, Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength), {
      ...this.#agents,
      signal,
      headers: { 'content-type': PROTOBUF, accept: PROTOBUF },
      responseType: 'arraybuffer',
      maxContentLength: ANSWER_BYTES_MAX,
      maxBodyLength: BATCH_BYTES_MAX,
      maxRedirects: 0,
      // The environment does not configure the gateway; its configuration does.
      proxy: false,
      validateStatus: () => true,
    });
  }

  #judge(response: AxiosResponse<Buffer>): Answer {
    const { status, data } = response;
    const type = header(response, 'content-type') ?? '';
    if (status === 200 && type.split(';')[0]?.trim() === PROTOBUF) return { kind: 'answered', body: data };
    const retryAfter = header(response, 'retry-after');
    const error = this.#refused(complaint(response));
    const blocked = BLOCKING.includes(status);
    return { kind: 'failed', error, blocked, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }

  #unreachable(why: string, cause: unknown): PerigeeError {
    const cure = 'Check the network and sync.url; the gateway keeps everything and tries again.';
    return new PerigeeError('backend-unreachable', `${this.#url.origin} did not answer: ${why}`, cure, {
      cause,
    });
  }

  #refused(why: string): PerigeeError {
    const cure =
      'Check that sync.url is that of a Perigee backend; the gateway keeps everything and tries again.';
    return new PerigeeError('backend-refused', `${this.#url.origin} took no batch: ${why}`, cure);
  }

  [Symbol.dispose](): void {
    this.#agents.httpAgent.destroy();
    this.#agents.httpsAgent.destroy();
  }
}

/** One connection; requests follow each other anyway. */
function agent<A>(kind: new (options: { keepAlive: boolean; maxSockets: number }) => A): A {
  return new kind({ keepAlive: true, maxSockets: 1 });
}

/** Loaded at the first batch: a gateway that syncs nothing does without its 10 MB. */
async function loadAxios(): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create();
}

function header(response: AxiosResponse<Buffer>, name: string): string | undefined {
  const value: unknown = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function complaint(response: AxiosResponse<Buffer>): string {
  const { status, data } = response;
  if (status === 200) return 'the answer is no receipt; a captive portal or another service may be there';
  if (status >= 300 && status < 400) return `it redirects (status ${status}), which is not followed`;
  return `status ${status}${wordsOf(data)}`;
}

/** The backend says why in JSON; anything else (a proxy's page) is not repeated. */
function wordsOf(body: Buffer): string {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('error' in parsed)) return '';
    return `, ${String(parsed.error).slice(0, COMPLAINT_MAX).replace(/\p{C}/gu, ' ')}`;
  } catch {
    // No JSON: the status says enough.
    return '';
  }
}
