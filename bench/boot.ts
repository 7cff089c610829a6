import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import type { Image, VmSpec } from '../src/domain/index.js';
import { openCatalogue, vmSpec } from '../src/images/index.js';
import { createGuestDecoder } from '../src/metrics/index.js';
import { BUILT_IMAGES, hostArchitecture, newRunId } from '../src/platform/index.js';
import { CHANNEL_FD, QMP_FD, qemuArgs } from '../src/runner/qemu-args.js';
import { qmpCommand } from '../src/runner/qmp.js';
import { median, quantile, rounded, type BenchOptions, type Figures } from './bench.js';
import { PERIGEE, startGatewayProcess, type GatewayProcess } from '../test/support/gateway-process.js';

const ROUNDS = 60;
const QUICK_ROUNDS = 20;
/** Not counted: they fill the page cache and warm the compiler. */
const WARM_UP = 3;

/**
 * From the request to the first metric of `hello`: the floor (a QEMU with no machine, up to its QMP greeting), the peer
 * (bare QEMU with our argv and our guest), the gateway (the request over its socket, the metric back over it), and the
 * whole `perigee run` command with the start of its own Node. In turn, so that a machine that drifts drifts for all.
 */
export async function bootBench({ quick, say }: BenchOptions): Promise<Figures> {
  const architecture = hostArchitecture();
  const catalogue = openCatalogue(BUILT_IMAGES);
  const image = await catalogue.get('hello');
  const imageBytes = await catalogue.verify(image, architecture);
  const spec = vmSpec(image, '', newRunId(), { architecture, accelerator: 'tcg' });
  const off = { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' };
  await using gateway = await startGatewayProcess(off);
  const times = {
    floor: [] as number[],
    bare: [] as number[],
    cold: [] as number[],
    command: [] as number[],
  };
  const rounds = (quick ? QUICK_ROUNDS : ROUNDS) + WARM_UP;
  for (let round = 0; round < rounds; round += 1) {
    const floor = await processFloor(spec);
    const bare = await bareGuest(spec, image);
    const cold = await throughGateway(gateway);
    const command = round % 4 === 0 ? await wholeCommand(gateway) : undefined;
    if (round < WARM_UP) continue;
    times.floor.push(floor);
    times.bare.push(bare);
    times.cold.push(cold);
    if (command !== undefined) times.command.push(command);
    if (round % 10 === 0) say(`boot: round ${round} of ${rounds}`);
  }
  return {
    coldRatio: rounded(median(times.cold) / median(times.bare)),
    coldMs: rounded(median(times.cold)),
    coldP95Ms: rounded(quantile(times.cold, 0.95)),
    bareMs: rounded(median(times.bare)),
    floorMs: rounded(median(times.floor)),
    commandMs: rounded(median(times.command)),
    imageBytes,
    rounds: rounds - WARM_UP,
    accelerator: 'tcg',
    architecture,
  };
}

const elapsed = (since: number): number => performance.now() - since;

async function processFloor({ program }: VmSpec): Promise<number> {
  const since = performance.now();
  const args = ['-M', 'none', '-nodefaults', '-no-user-config', '-display', 'none', '-qmp', 'stdio'];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const ms = elapsed(since);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return ms;
}

/** What anyone would write who has our argv and our guest, and nothing else to do. */
async function bareGuest(spec: VmSpec, image: Image): Promise<number> {
  const decoder = createGuestDecoder({ image: image.name });
  const since = performance.now();
  const child = spawn(spec.program, [...qemuArgs(spec)], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const [channel, qmp] = [child.stdio[CHANNEL_FD], child.stdio[QMP_FD]];
  if (!(channel instanceof Duplex) || !(qmp instanceof Duplex)) throw new Error('QEMU was not started');
  for (const stream of [channel, qmp]) stream.on('error', () => undefined); // QEMU is killed below
  qmp.resume().write(qmpCommand('qmp_capabilities') + qmpCommand('cont'));
  const ms = await new Promise<number>((done) => {
    channel.on('data', (chunk: Buffer) => {
      if (decoder.push(chunk).some(({ kind }) => kind === 'report')) done(elapsed(since));
    });
  });
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return ms;
}

async function throughGateway({ control }: GatewayProcess): Promise<number> {
  const since = performance.now();
  let ms = NaN;
  // Left only at the run's end, so that one measurement does not disturb the next.
  for await (const news of control.run({ id: newRunId(), image: 'hello' })) {
    if (news.kind === 'report' && Number.isNaN(ms)) ms = elapsed(since);
  }
  if (Number.isNaN(ms)) throw new Error('hello did not report; see perigee run hello --follow');
  return ms;
}

async function wholeCommand({ directory }: GatewayProcess): Promise<number> {
  const since = performance.now();
  const child = spawn(process.execPath, [PERIGEE, 'run', 'hello', '--data', directory], { stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error('perigee run hello failed');
  return elapsed(since);
}
