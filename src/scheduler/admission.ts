import { PerigeeError } from '../domain/index.js';
import type {
  Admission,
  AdmissionRequest,
  Clock,
  QueueReason,
  ReadyRequest,
  RunId,
} from '../domain/index.js';
import { costMibOf, freeMibOf, refusalOf, type Board, type BoardMemory, type Limits } from './budget.js';
import { nextIn, reasonFor, sameWait, type Wait, type Waiting } from './queue.js';

export type { BoardMemory };

export interface AdmissionParts {
  readonly limits: Limits;
  /** As the board is now. */
  readonly memory: () => BoardMemory;
  /** What the run was seen to hold of the board's memory so far, MiB. */
  readonly residentMib: (run: RunId) => number;
  readonly clock: Pick<Clock, 'monotonicUs'>;
}

/** More than a person asked for: something starts runs faster than they end. */
const MAX_WAITING = 64;
/** Other programs take and give memory too, and tell nobody. */
const LOOK_AGAIN_MS = 1000;

/** Lets runs in as the board's memory, its processors and the gateway's own limits allow, and the others wait. */
export function createAdmission(parts: AdmissionParts): Admission {
  return new Gate(parts);
}

interface Waiter extends Waiting {
  readonly admit: (place: Disposable) => void;
  readonly tell: (why: QueueReason) => void;
  told: Wait | undefined;
}

interface Ready extends ReadyRequest {
  readonly giveBack: () => boolean;
  givenBack: boolean;
}

class Gate implements Admission {
  readonly #parts: AdmissionParts;
  readonly #running = new Map<AdmissionRequest, { readonly sinceMs: number }>();
  readonly #ready = new Set<Ready>();
  #waiting: readonly Waiter[] = [];
  #lookAgain: NodeJS.Timeout | undefined;
  #busy = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  enter(
    request: AdmissionRequest,
    signal: AbortSignal,
    waits: (why: QueueReason) => void,
  ): Promise<Disposable> {
    return new Promise((admitted, rejected) => {
      const refusal = refusalOf(request, this.#board(), request.ready !== undefined);
      if (refusal) return rejected(refusal);
      if (this.#waiting.length >= MAX_WAITING) return rejected(tooManyWait());
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        rejected(signal.reason as Error);
        this.#settle();
      };
      const waiter: Waiter = {
        ...{ request, sinceMs: this.#nowMs(), tell: waits, told: undefined },
        admit: (place) => {
          signal.removeEventListener('abort', leave);
          admitted(place);
        },
      };
      if (signal.aborted) return rejected(signal.reason as Error);
      this.#waiting = [...this.#waiting, waiter];
      this.#settle();
      // Most are let in at once, and a listener costs them as much as all the rest.
      if (this.#waiting.includes(waiter)) signal.addEventListener('abort', leave, { once: true });
    });
  }

  hold(request: AdmissionRequest): Disposable {
    this.#running.set(request, { sinceMs: this.#nowMs() });
    return {
      [Symbol.dispose]: () => {
        if (this.#running.delete(request)) this.#settle();
      },
    };
  }

  reserve(request: ReadyRequest, giveBack: () => boolean): Disposable | undefined {
    if (this.#waiting.length > 0 || costMibOf(request.memoryMib) > freeMibOf(this.#board())) return undefined;
    const ready: Ready = { ...request, giveBack, givenBack: false };
    this.#ready.add(ready);
    return {
      [Symbol.dispose]: () => {
        if (this.#ready.delete(ready)) this.#settle();
      },
    };
  }

  /** Lets in whoever may come in, and tells the others why not. */
  #settle(): void {
    // Whoever is told something may give up a place on the spot; that is seen a look later.
    if (this.#busy) return;
    this.#busy = true;
    clearTimeout(this.#lookAgain);
    try {
      while (this.#waiting.length > 0 && this.#step());
    } finally {
      this.#busy = false;
    }
    if (this.#waiting.length === 0) return;
    this.#lookAgain = setTimeout(() => this.#settle(), LOOK_AGAIN_MS).unref();
  }

  /** False once nobody may come in. */
  #step(): boolean {
    const board = this.#board();
    const nowMs = this.#nowMs();
    const { next, waits } = nextIn(this.#waiting, board, nowMs);
    if (next) {
      this.#waiting = this.#waiting.filter((other) => other !== next);
      const place = this.hold(next.request);
      next.request.ready?.[Symbol.dispose]();
      next.admit(place);
      return true;
    }
    waits.forEach(({ who, wait }, index) => {
      if (sameWait(who.told, wait)) return;
      who.told = wait;
      who.tell(reasonFor(who, wait, board, nowMs, index === 0));
    });
    const short = waits.find(({ wait }) => wait.kind === 'memory')?.wait;
    if (short?.kind === 'memory') this.#takeBack(short.neededMib - short.freeMib);
    return false;
  }

  /** Guests that are kept ready wait for runs, and not runs for them. Their memory is free when they have ended. */
  #takeBack(mib: number): void {
    let missing = mib;
    for (const ready of this.#ready) {
      if (missing <= 0) return;
      ready.givenBack ||= ready.giveBack();
      if (ready.givenBack) missing -= costMibOf(ready.memoryMib);
    }
  }

  #board(): Board {
    const { limits, memory, residentMib } = this.#parts;
    const running = Array.from(this.#running, ([request, { sinceMs }]) => ({
      image: request.image,
      vcpus: request.vcpus,
      costMib: costMibOf(request.memoryMib),
      residentMib: residentMib(request.id),
      ...(request.timeLimitMs === undefined ? {} : { endsByMs: sinceMs + request.timeLimitMs }),
    }));
    const ready = Array.from(this.#ready, (guest) => ({
      costMib: costMibOf(guest.memoryMib),
      residentMib: guest.residentMib(),
    }));
    return {
      ...{ limits, running, ready },
      get memory() {
        return memory();
      },
    };
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicUs() / 1000;
  }
}

function tooManyWait(): PerigeeError {
  const cure = 'Stop what need not run (`perigee ps`, `perigee stop`), or ask for less at once.';
  return new PerigeeError('run-refused', `${MAX_WAITING} runs wait for a place already`, cure);
}
