import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { joinAir } from '../../src/air/index.js';
import type { LinkModel } from '../../src/air/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { AttPhone } from './att-phone.js';
import type { Order, Usage } from './station.js';

/** Advertising in a bench is as frequent as it may be: what is measured comes after it. */
const ADVERTISING_MS = '20';

export interface Station extends AsyncDisposable {
  order(order: Exclude<Order, { what: 'usage' }>): void;
  usage(): Promise<Usage>;
  /** A phone on its air, in this process. */
  phone(): Promise<AttPhone>;
}

/** A gateway's radio, or its peer, in a process of its own: `station.ts`. */
export async function startStation(
  kind: 'ours' | 'peer',
  driver: BlenoDriver,
  link?: LinkModel,
): Promise<Station> {
  const directory = mkdtempSync(join(tmpdir(), 'perigee-bench-ble-'));
  const socket = join(directory, 'air.sock');
  const script = fileURLToPath(new URL('station.js', import.meta.url));
  const child = fork(script, [kind, driver, socket, ...(link === undefined ? [] : [JSON.stringify(link)])], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, BLENO_ADVERTISING_INTERVAL: ADVERTISING_MS },
  });
  const exited = once(child, 'exit');
  const first = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
  if (first === undefined) throw new Error(`the station ${kind} of @${driver}/bleno did not start`);
  return {
    order: (order) => void child.send(order),
    async usage() {
      const answered = once(child, 'message');
      child.send({ what: 'usage' } satisfies Order);
      return ((await answered) as [Usage])[0];
    },
    phone: async () => new AttPhone(await joinAir(socket)),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
