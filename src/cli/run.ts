import { PerigeeError, isEnded, type GatewayControl, type RunNews, type RunRecord } from '../domain/index.js';
import { createLogger, newRunId, systemClock } from '../platform/index.js';
import { configOf, runningGateway, type CommonOptions } from './options.js';
import { describeState, formatSample, formatValue, paint, print, printJson, remark } from './output.js';
import { onRequestToEnd } from './signals.js';

type Env = Readonly<Record<string, string | undefined>>;

interface RunOptions extends CommonOptions {
  readonly follow?: true;
  readonly args: string;
}

/**
 * On the gateway of the data directory, or, where none runs, on one of its own that ends with the command.
 * Ends with 0 when the guest reported (without --follow) or completed (with it), else with `run-failed`.
 */
export async function run(env: Env, image: string, options: RunOptions): Promise<number> {
  const control = runningGateway(env, options);
  const running = await control.status().then(
    () => true,
    (error: unknown) => {
      if (error instanceof PerigeeError && error.code === 'gateway-not-running') return false;
      throw error;
    },
  );
  if (running) return follow(control, image, options);
  if (!options.json)
    remark(
      paint(
        'dim',
        'No gateway runs on this data directory: this command is its own, and the guest ends with it.',
      ),
    );
  const config = configOf(env, options);
  // Loaded only here: a command that talks to a gateway needs nothing of one, and starts in a third of the time.
  const { startGateway } = await import('../gateway.js');
  await using gateway = await startGateway({
    config: {
      ...config,
      keepRunning: [],
      radio: { ...config.radio, mode: 'off' },
      sync: { intervalMs: config.sync.intervalMs },
      web: { ...config.web, enabled: false },
    },
    clock: systemClock,
    logger: createLogger('error'),
  });
  return await follow(gateway.control, image, options);
}

async function follow(control: GatewayControl, image: string, options: RunOptions): Promise<number> {
  const id = newRunId();
  const news = control.run({ id, image, args: options.args })[Symbol.asyncIterator]();
  onRequestToEnd(() => void control.stop(id));
  let last: RunRecord | undefined;
  for (let step = await news.next(); step.done !== true; step = await news.next()) {
    const item = step.value;
    if (item.kind !== 'console') last = item.run;
    if (options.follow) show(item, options);
    else if (last?.boot.readyMs !== undefined || (last && isEnded(last))) break;
  }
  await news.return?.();
  if (!last) throw new PerigeeError('run-failed', 'the gateway ended before the run did', 'Start it again.');
  summarise(last, options);
  return outcome(last);
}

function show(item: RunNews, options: RunOptions): void {
  if (options.json) printJson(item);
  else if (item.kind === 'console') process.stdout.write(paint('dim', item.text));
  else if (item.kind === 'report') item.samples.forEach((sample) => print(formatSample(sample)));
  else print(paint('cyan', `${item.run.id} ${item.run.image}: ${describeState(item.run)}`));
}

function summarise(run: RunRecord, options: RunOptions): void {
  if (options.json) return printJson(run);
  const { firstMetricMs, readyMs, spawnedMs } = run.boot;
  const boot =
    firstMetricMs !== undefined
      ? `first metric after ${formatValue(firstMetricMs, 'milliseconds')}`
      : readyMs !== undefined
        ? `ready after ${formatValue(readyMs, 'milliseconds')}, no metric`
        : 'no metric';
  const spawn =
    spawnedMs === undefined ? '' : ` (QEMU started after ${formatValue(spawnedMs, 'milliseconds')})`;
  const rss = run.footprint ? `, peak RSS ${formatValue(run.footprint.peakRssBytes, 'bytes')}` : '';
  print(
    `${run.id} ${run.image} ${describeState(run)}: ${boot}${spawn}${rss}, ${run.accelerator} on ${run.architecture}`,
  );
}

function outcome(run: RunRecord): number {
  if (!isEnded(run) || run.state.kind !== 'ended') return 0;
  const { reason } = run.state;
  if (reason.kind === 'completed' || reason.kind === 'killed-by-user') return 0;
  if (reason.kind === 'host-refused') {
    throw new PerigeeError(
      'run-refused',
      `${run.image} ${describeState(run)}`,
      'See what is missing: perigee doctor',
    );
  }
  const cure = `See what the guest printed: perigee logs ${run.id}`;
  throw new PerigeeError('run-failed', `${run.image} ${describeState(run)}`, cure);
}
