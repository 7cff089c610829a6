/** How a real radio carries data: at connection events, so many packets each way at one of them. */
export interface LinkModel {
  readonly intervalMs: number;
  readonly packetsPerEvent: number;
}

/** When a link carries what waits. */
export interface Pace {
  /** Something waits. */
  request(): void;
  stop(): void;
}

/** How many packets each direction may carry now, where so many links of a controller have something to carry. */
export type Budget = (busyLinks: number) => number;

/** Begins with the connection. */
export type StartPace = (carry: (budget: Budget) => void) => Pace;

/**
 * Of the longest packet on the slowest PHY that carries data, with its empty answer and both gaps: 2120 + 150 + 80 + 150 µs
 * (Core specification, vol 6, part B, 2.4 and 4.1). A controller's radio sends one packet at a time.
 */
const PACKET_MS = 2.5;

/** As fast as the event loop turns: no radio is modelled. */
export const promptly: StartPace = (carry) => {
  let immediate: NodeJS.Immediate | undefined;
  return {
    request() {
      immediate ??= setImmediate(() => {
        immediate = undefined;
        carry(() => Infinity);
      });
    },
    stop: () => clearImmediate(immediate),
  };
};

/**
 * At connection events, whose times are counted from the connection on, so that late timers add up to nothing. Each
 * connection has events of its own; where the packets of all busy ones do not fit a controller's time, each gets an equal
 * part. `nowMs` never goes back.
 */
export function atEvents({ intervalMs, packetsPerEvent }: LinkModel, nowMs: () => number): StartPace {
  const packetsPerInterval = Math.floor(intervalMs / PACKET_MS);
  const share = (busyLinks: number): number =>
    Math.min(packetsPerEvent, Math.max(1, Math.floor(packetsPerInterval / busyLinks)));
  return (carry) => {
    const beganMs = nowMs();
    let timer: NodeJS.Timeout | undefined;
    let dueMs = 0;
    const wait = (): void => {
      timer = setTimeout(event, Math.ceil(dueMs - nowMs()));
    };
    const event = (): void => {
      timer = undefined;
      const lateMs = nowMs() - dueMs;
      // The loop's clock may be some milliseconds behind.
      if (lateMs < 0) wait();
      else {
        // A process that is late stops no radio: its controller goes on with what it has.
        const events = 1 + Math.floor(lateMs / intervalMs);
        carry((busyLinks) => events * share(busyLinks));
      }
    };
    return {
      request() {
        if (timer !== undefined) return;
        dueMs = beganMs + (Math.floor((nowMs() - beganMs) / intervalMs) + 1) * intervalMs;
        wait();
      },
      stop: () => clearTimeout(timer),
    };
  };
}
