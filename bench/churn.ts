import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PerigeeError, isEnded, type EndReason, type RunId } from '../src/domain/index.js';
import { BUILT_IMAGES, newRunId } from '../src/platform/index.js';
import { markedProcesses } from '../src/runner/marks.js';
import { startGatewayProcess, type GatewayProcess } from '../test/support/gateway-process.js';
import type { BenchOptions, Figures } from './bench.js';

const RUNS = 500;
const QUICK_RUNS = 60;
const AT_ONCE = 4;
/** The gateway is killed in the middle of so many runs, and started again on the same data. */
const KILL_EVERY = 100;
/** After which a gateway that was killed, and is not started again, has left nothing. */
const LAST_WILL_MS = 5000;
/** Longer than any stop ladder, and than a connection is kept that nobody uses. */
const SETTLE_MS = 8000;

/** Copies of hello: one has no channel, so that it never learns of its gateway's end, and waits before its first instruction. */
const COPIES = {
  hello: 'metrics: frames\n',
  lines: 'metrics: lines\n',
  stopped: 'metrics: lines\nkeptReady: stopped\n',
} as const;

const COPY_NAMES = ['hello', 'lines', 'stopped'] as const;

type Settings = Readonly<Record<string, string>>;

const settings = (imagesDirectory: string): Settings => ({
  imagesDirectory,
  ...{ keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false', logLevel: 'silent' },
  ...{ 'runner.accelerator': 'tcg', 'runner.warm': '{ hello: 1, stopped: 1 }' },
});

const SPINS = 'fault=spin';

/** What is done to a run, and the ends that it may then have come to. */
interface Fate {
  readonly image?: keyof typeof COPIES;
  readonly args: string;
  readonly ends: readonly EndReason['kind'][];
  readonly act?: (gateway: GatewayProcess, id: RunId, processId: number) => Promise<void> | void;
}

const FATES: readonly Fate[] = [
  { args: '', ends: ['completed'] },
  { args: 'loop=1000', ends: ['completed'] },
  { args: 'fault=die', ends: ['crashed'] },
  { args: 'fault=trap', ends: ['crashed'] },
  { args: 'fault=status', ends: ['exit-code'] },
  { args: 'fault=garbage', ends: ['crashed'] },
  { args: 'stay=1', ends: ['killed-by-user'], act: stop },
  { args: 'stay=1', ends: ['crashed'], act: kill },
  { image: 'lines', args: SPINS, ends: ['killed-by-user'], act: stop },
  // It cannot do without its channel, and says so.
  { image: 'stopped', args: '', ends: ['crashed'] },
];
/** Goes on until its gateway is killed. */
const BYSTANDER: Fate = { image: 'lines', args: SPINS, ends: [] };
const BYSTANDER_STARTS_MS = 500;

/** Runs started, stopped, killed and crashed, and the gateway killed among them: what is left in the end. */
export async function churnBench(options: BenchOptions): Promise<Figures> {
  const images = mkdtempSync(join(tmpdir(), 'perigee-bench-images-'));
  try {
    for (const name of COPY_NAMES) writeCopy(images, name);
    return await churn(options, settings(images));
  } finally {
    rmSync(images, { recursive: true, force: true });
  }
}

async function churn({ quick, say }: BenchOptions, gatewaySettings: Settings): Promise<Figures> {
  const total = quick ? QUICK_RUNS : RUNS;
  const killEvery = quick ? QUICK_RUNS / 2 : KILL_EVERY;
  const accepted = new Map<RunId, Fate>();
  let gateway = await startGatewayProcess(gatewaySettings);
  const { directory } = gateway;
  let fresh = await descriptorsAtRest(gateway);
  const gatewayId = (await gateway.control.status()).gatewayId;
  let kills = 0;
  let left = 0;
  for (let done = 0; done < total; done += AT_ONCE) {
    const now = gateway;
    const isKilled = done >= killEvery * (kills + 1);
    const bystanders = isKilled ? [live(now, BYSTANDER, accepted)] : [];
    if (isKilled) await delay(BYSTANDER_STARTS_MS);
    const batch = Array.from({ length: AT_ONCE }, (_, index) => FATES[(done + index) % FATES.length]).flatMap(
      (fate) => (fate ? [live(now, fate, accepted)] : []),
    );
    if (isKilled) {
      await delay(15);
      process.kill(now.processId, 'SIGKILL');
      await now.exited;
      kills += 1;
      // The next one is not always there to clear up.
      if (kills % 2 === 1) {
        await delay(LAST_WILL_MS);
        left += markedProcesses(gatewayId).length;
      }
      gateway = await startGatewayProcess(gatewaySettings, directory);
      fresh = await descriptorsAtRest(gateway);
    }
    await Promise.all([...bystanders, ...batch]);
    if (done % 40 === 0) say(`churn: ${done} of ${total} runs`);
  }
  await using last = gateway;
  const leaked = Math.max(0, (await descriptorsAtRest(last)) - fresh);
  const ready = Object.values((await last.control.status()).readyGuests).reduce(
    (sum, count) => sum + count,
    0,
  );
  const disagreements = await disagreementsOf(last, accepted);
  return {
    runs: accepted.size,
    orphans: left + markedProcesses(gatewayId).length - ready,
    leaks: leaked + Math.max(0, foldersOf(directory) - ready),
    disagreements,
    kills,
    fates: FATES.length,
  };
}

/** One run to its end, or to that of its gateway. */
async function live(gateway: GatewayProcess, fate: Fate, accepted: Map<RunId, Fate>): Promise<void> {
  const id = newRunId();
  let acted = false;
  try {
    for await (const news of gateway.control.run({ id, image: fate.image ?? 'hello', args: fate.args })) {
      accepted.set(id, fate);
      if (news.kind === 'console' || acted || !fate.act) continue;
      const { processId, state } = news.run;
      if (processId === undefined || state.kind === 'queued') continue;
      acted = true;
      await fate.act(gateway, id, processId);
    }
  } catch (error) {
    // Its gateway was killed.
    if (!(error instanceof PerigeeError) || error.code !== 'gateway-not-running') throw error;
  }
}

/** Runs that the journal does not know, has as going, or tells another end of than they can have come to. */
async function disagreementsOf({ control }: GatewayProcess, accepted: Map<RunId, Fate>): Promise<number> {
  let count = 0;
  for (const [id, { ends }] of accepted) {
    const record = await control.stop(id);
    const reason = record.state.kind === 'ended' ? record.state.reason : undefined;
    const killed = reason?.kind === 'crashed' && reason.detail.startsWith('the gateway ended while it ran');
    const fits = reason !== undefined && (killed || ends.includes(reason.kind));
    const lives =
      record.processId !== undefined &&
      existsSync(`/proc/${record.processId}/environ`) &&
      isMarked(record.processId, id);
    if (!isEnded(record) || !fits || lives) count += 1;
  }
  return count;
}

function isMarked(processId: number, id: RunId): boolean {
  try {
    return readFileSync(`/proc/${processId}/environ`, 'latin1').includes(id);
  } catch {
    // It has ended.
    return false;
  }
}

/** With its guest ready, and all else that had been going on ended. */
async function descriptorsAtRest({ control, processId }: GatewayProcess): Promise<number> {
  await delay(SETTLE_MS);
  for (const image of ['hello', 'stopped'] as const)
    while ((await control.status()).readyGuests[image] === undefined) await delay(50);
  return readdirSync(`/proc/${processId}/fd`).length;
}

function writeCopy(images: string, name: keyof typeof COPIES): void {
  cpSync(join(BUILT_IMAGES, 'hello'), join(images, name), { recursive: true });
  const path = join(images, name, 'image.yaml');
  const text = readFileSync(path, 'utf8').replace(/^(name|metrics): .*\n/gm, '');
  writeFileSync(path, `name: ${name}\n${text}${COPIES[name]}`);
}

function foldersOf(directory: string): number {
  const runs = join(directory, 'runs');
  return existsSync(runs) ? readdirSync(runs).length : 0;
}

async function stop({ control }: GatewayProcess, id: RunId): Promise<void> {
  await control.stop(id);
}

function kill(_gateway: GatewayProcess, _id: RunId, processId: number): void {
  try {
    process.kill(processId, 'SIGKILL');
  } catch {
    // It has ended by itself: its journal must say so all the same.
  }
}
