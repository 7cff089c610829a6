import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { parseImageName, type QemuSpec, type RunNews } from '../src/domain/index.js';
import { createGuestDecoder } from '../src/metrics/index.js';
import { newRunId } from '../src/platform/index.js';
import { CHANNEL_FD, QMP_FD, qemuArgs } from '../src/runner/qemu-args.js';
import { createQmpParser, qmpCommand } from '../src/runner/qmp.js';
import { PERIGEE, type GatewayProcess } from '../test/support/gateway-process.js';

const IMAGE = parseImageName('hello');

const elapsed = (since: number): number => performance.now() - since;

/** The floor: a QEMU with no machine, up to its first word. */
export async function processFloor({ program }: QemuSpec): Promise<number> {
  const since = performance.now();
  const args = ['-M', 'none', '-nodefaults', '-no-user-config', '-display', 'none', '-qmp', 'stdio'];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const ms = elapsed(since);
  await end(child);
  return ms;
}

interface Bare {
  readonly child: ChildProcess;
  readonly channel: Duplex;
  readonly qmp: Duplex;
}

/** What anyone would write who has our argv and our guest, and nothing else to do. */
function bare(spec: QemuSpec): Bare {
  const child = spawn(spec.program, [...qemuArgs(spec)], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const [channel, qmp] = [child.stdio[CHANNEL_FD], child.stdio[QMP_FD]];
  if (!(channel instanceof Duplex) || !(qmp instanceof Duplex)) throw new Error('QEMU was not started');
  for (const stream of [channel, qmp]) stream.on('error', () => undefined); // QEMU is killed in the end
  return { child, channel, qmp };
}

/** Start to first metric. */
export async function bareGuest(spec: QemuSpec): Promise<number> {
  const decoder = createGuestDecoder({ image: IMAGE });
  const since = performance.now();
  const { child, channel, qmp } = bare(spec);
  qmp.resume().write(qmpCommand('qmp_capabilities') + qmpCommand('cont'));
  const ms = await new Promise<number>((done) => {
    channel.on('data', (chunk: Buffer) => {
      if (decoder.push(chunk).some(({ kind }) => kind === 'report')) done(elapsed(since));
    });
  });
  await end(child);
  return ms;
}

/** The floor of a guest that waits before its first instruction: `cont` to its first byte. */
export async function bareResume(spec: QemuSpec): Promise<number> {
  const { child, channel, qmp } = bare(spec);
  const parse = createQmpParser();
  const answered = new Promise<void>((done) => {
    qmp.on('data', (chunk: Buffer) => {
      if (parse(chunk).some(({ kind }) => kind === 'answer')) done();
    });
  });
  qmp.write(qmpCommand('qmp_capabilities'));
  await answered;
  const since = performance.now();
  qmp.write(qmpCommand('cont'));
  await once(channel, 'data');
  const ms = elapsed(since);
  await end(child);
  return ms;
}

export interface Trigger {
  /** From the request over the gateway's socket to the metric back over it. */
  readonly ms: number;
  /** As the gateway itself saw it: from the request to the first metric, which for some guests is a line. */
  readonly withinMs: number;
  readonly startedFrom: string;
}

/** Left only at the run's end, so that one measurement does not disturb the next. */
export async function trigger({ control }: GatewayProcess, image: string): Promise<Trigger> {
  const since = performance.now();
  let first: Trigger | undefined;
  let last: RunNews | undefined;
  for await (const news of control.run({ id: newRunId(), image })) {
    last = news;
    if (news.kind === 'report') {
      const { boot, startedFrom } = news.run;
      first ??= {
        ...{ ms: elapsed(since), withinMs: boot.firstMetricMs ?? NaN },
        startedFrom: startedFrom ?? 'cold',
      };
    }
  }
  if (!first) throw new Error(`${image} did not report: ${JSON.stringify(last)}`);
  return first;
}

/** `perigee run hello`, with the start of its own Node. */
export async function wholeCommand({ directory }: GatewayProcess): Promise<number> {
  const since = performance.now();
  const child = spawn(process.execPath, [PERIGEE, 'run', 'hello', '--data', directory], { stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error('perigee run hello failed');
  return elapsed(since);
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
