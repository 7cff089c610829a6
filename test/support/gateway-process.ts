import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PerigeeError, type GatewayControl } from '../../src/domain/index.js';
import { PACKAGE_ROOT, controlSocket } from '../../src/platform/index.js';
import { connectControl } from '../../src/web/index.js';

export const PERIGEE = join(PACKAGE_ROOT, 'bin', 'perigee.mjs');

/** `perigee serve` in a process and a data directory of its own, as a user has it. */
export interface GatewayProcess extends AsyncDisposable {
  readonly processId: number;
  readonly directory: string;
  readonly control: GatewayControl;
  /** Resolves with the exit status; null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Tries of 50 ms each: a gateway is up in well under a second, and in ten on a machine that is busy elsewhere. */
const START_TRIES = 200;

/** On a new data directory, or on one that another gateway left. */
export async function startGatewayProcess(
  settings: Readonly<Record<string, string>>,
  directory = mkdtempSync(join(tmpdir(), 'perigee-gateway-')),
): Promise<GatewayProcess> {
  const pairs = Object.entries({ logLevel: 'error', ...settings }).flatMap(([key, value]) => [
    '--set',
    `${key}=${value}`,
  ]);
  const child = spawn(process.execPath, [PERIGEE, 'serve', '--data', directory, ...pairs], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit').then(([status]) => status as number | null);
  const control = connectControl(controlSocket(directory));
  const gateway: GatewayProcess = {
    ...{ processId: child.pid ?? NaN, directory, control, exited },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (await answers(control)) return gateway;
    if (child.exitCode !== null) break;
    await delay(50);
  }
  await gateway[Symbol.asyncDispose]();
  throw new Error('the gateway did not start; its own words are above');
}

async function answers(control: GatewayControl): Promise<boolean> {
  try {
    await control.status();
    return true;
  } catch (error) {
    if (error instanceof PerigeeError && error.code === 'gateway-not-running') return false;
    throw error;
  }
}

const USER_HZ = 100;

/** CPU seconds that a process has used so far, without its children. */
export function cpuSeconds(processId: number): number {
  const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

export function rssBytes(processId: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${processId}/status`, 'latin1'));
  return Number(match?.[1]) * 1024;
}
