import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request, somehow; `body` is what was posted. */
export type Behaviour = (
  response: ServerResponse,
  body: Uint8Array,
  request: IncomingMessage,
) => void | Promise<void>;

export interface FaultyServer extends AsyncDisposable {
  readonly url: string;
  /** How many requests came in. */
  readonly requests: number;
  behaviour: Behaviour;
}

/** A server that does to a gateway whatever a network or a stranger could. */
export async function faultyServer(behaviour: Behaviour): Promise<FaultyServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void faulty.behaviour(response, Buffer.concat(chunks), request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const faulty = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaviour,
    get requests(): number {
      return requests;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return faulty;
}

export function receiptAnswer(bytes: Uint8Array): Behaviour {
  return (response) => void response.setHeader('content-type', 'application/x-protobuf').end(bytes);
}

/** Hands the batch to a real backend and its answer back, unless `spoil` does something else with the answer. */
export function passOn(backendUrl: string, spoil?: (response: ServerResponse) => void): Behaviour {
  return async (response, body) => {
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`${backendUrl}/v1/batches`, {
      method: 'POST',
      headers,
      body: Uint8Array.from(body),
    });
    const receipt = new Uint8Array(await answer.arrayBuffer());
    if (spoil !== undefined) return spoil(response);
    response
      .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      .end(receipt);
  };
}
