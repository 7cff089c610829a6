import type { Duplex } from 'node:stream';
import type { Clock } from '../domain/index.js';
import { createSplitter, wrap } from './framing.js';
import { linesServer, type Verdict } from './http.js';
import { Stack } from './stack.js';
import { TcpStream } from './tcp-stream.js';

/** A guest that does not read loses what it is sent, as on any network. */
const MAX_UNSENT_BYTES = 64 * 1024;
const TICK_MS = 100;

export interface GuestLink {
  readonly clock: Clock;
  /** Lines of metrics, whole ones; what became of them. */
  readonly lines: (text: Buffer) => Verdict;
}

/** One guest's network: the far end of its only cable, which is `cable`, until that closes. */
export function serveGuest(cable: Duplex, { clock, lines }: GuestLink): (chunk: Buffer) => void {
  const nowUs = (): number => clock.monotonicUs();
  const server = linesServer(lines);
  const stack = new Stack({
    transmit(frame) {
      if (cable.writable && cable.writableLength < MAX_UNSENT_BYTES) cable.write(wrap(frame));
    },
    lines,
    connected(connection) {
      const stream = new TcpStream(connection, nowUs);
      // Once there is a connection to read from.
      setImmediate(() => server.emit('connection', stream));
      return stream;
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const keepTime = (): void => {
    if (stack.connections > 0) timer ??= setInterval(tick, TICK_MS);
  };
  const tick = (): void => {
    stack.tick(nowUs());
    if (stack.connections > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  cable.once('close', () => {
    clearInterval(timer);
    stack.close();
  });
  const split = createSplitter();
  return (chunk) => {
    for (const frame of split(chunk)) stack.receive(frame, nowUs());
    keepTime();
  };
}
