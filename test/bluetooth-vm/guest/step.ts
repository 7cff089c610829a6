import { setTimeout as delay } from 'node:timers/promises';
import type { BlenoDriver } from '../../../src/radio/index.js';
import type { Controllers } from './controllers.js';
import type { ServedGateway } from './gateway.js';

/** What every pass finds: two emulated controllers, the gateway on the first, nobody on the second. */
export interface Machine {
  readonly driver: BlenoDriver;
  readonly gateway: ServedGateway;
  readonly controllers: Controllers;
}

/** One claim about the gateway, and what shows it. */
export interface Step<Central> {
  readonly claim: string;
  readonly show: (central: Central) => Promise<void>;
}

/** Steps of one central, in order: later ones may need what earlier ones did. */
export interface Pass {
  readonly claims: readonly string[];
  run(machine: Machine, say: (said: Outcome | Fault) => void): Promise<void>;
}

export interface Outcome {
  readonly claim: string;
  readonly ms: number;
  /** Absent where the claim holds. */
  readonly error?: string;
}

/** A central that cannot begin, or not end: its claims have no outcome. */
interface Fault {
  readonly fault: string;
}

/** Emulated in software, on a machine that may be busy: twenty times what a step takes on a quiet one. */
const STEP_LIMIT_MS = 90_000;

export function pass<Central extends AsyncDisposable>(
  begin: (machine: Machine) => Promise<Central>,
  steps: readonly Step<Central>[],
): Pass {
  return {
    claims: steps.map(({ claim }) => claim),
    async run(machine, say) {
      try {
        await using central = await begin(machine);
        for (const { claim, show } of steps) {
          const start = performance.now();
          const error = await failureOf(show(central));
          const ms = Math.round(performance.now() - start);
          say({ claim, ms, ...(error === undefined ? {} : { error }) });
        }
      } catch (error) {
        // The next pass has its chance.
        say({ fault: wordsOf(error) });
      }
    },
  };
}

async function failureOf(shown: Promise<void>): Promise<string | undefined> {
  const limit = new AbortController();
  const late = delay(STEP_LIMIT_MS, `no end within ${STEP_LIMIT_MS / 1000} s`, { signal: limit.signal });
  // Aborted when the step has ended in time.
  late.catch(() => undefined);
  try {
    return await Promise.race([shown.then(() => undefined), late]);
  } catch (error) {
    return wordsOf(error);
  } finally {
    limit.abort();
  }
}

const RETRY_MS = 250;

const wordsOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Tries until it succeeds: what the air loses, and what takes a moment. The last failure is the one that is told. */
export async function eventually<T>(attempt: () => Promise<T>, tries = 10): Promise<T> {
  for (let left = tries; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 1) throw error;
      await delay(RETRY_MS);
    }
  }
}
