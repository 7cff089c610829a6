import { PerigeeError, isEnded, reasonOf } from '../domain/index.js';
import type { GatewayControl, RunId, RunNews, RunRecord } from '../domain/index.js';
import { newRunId } from '../platform/index.js';
import { withGateway } from './any-gateway.js';
import { configOf, type CommonOptions } from './options.js';
import { consoleText, describeState, formatSample, formatValue, paint } from './output.js';
import { print, printJson, remark } from './output.js';
import { outcomeOf } from './outcome.js';
import { onRequestToEnd } from './signals.js';

type Env = Readonly<Record<string, string | undefined>>;

interface RunOptions extends CommonOptions {
  readonly follow?: true;
  readonly args: string;
  readonly priority: number;
}

/**
 * On the gateway of the data directory, or, where none runs, on one of its own that ends with the command.
 * Ends with 0 when the guest reported (without --follow) or completed (with it), else with `run-failed`.
 */
export async function run(env: Env, image: string, options: RunOptions): Promise<number> {
  const ending = new AbortController();
  onRequestToEnd(() => ending.abort());
  const end = await withGateway(
    env,
    options,
    configOf(env, options),
    (control) => follow(control, image, options, ending.signal),
    () => {
      if (!options.json) remark(paint('dim', OWN_GATEWAY));
    },
  );
  return outcomeOf(end);
}

const OWN_GATEWAY =
  'No gateway runs on this data directory: this command is its own, and the guest ends with it.';

async function follow(
  control: GatewayControl,
  image: string,
  options: RunOptions,
  ending: AbortSignal,
): Promise<RunRecord> {
  const id = newRunId();
  const { args, priority } = options;
  const news = control.run({ id, image, args, priority })[Symbol.asyncIterator]();
  let step = await news.next();
  // Only now is there a run that can be stopped.
  const stop = (): void => void stopRun(control, id);
  ending.addEventListener('abort', stop, { once: true });
  if (ending.aborted) stop();
  let last: RunRecord | undefined;
  for (; step.done !== true; step = await news.next()) {
    const item = step.value;
    if (item.kind !== 'console') last = item.run;
    if (options.follow) show(item, options);
    else if (isWait(item) && !options.json) remark(`${id} ${image}: ${describeState(item.run)}`);
    else if (last?.boot.readyMs !== undefined || (last && isEnded(last))) break;
  }
  ending.removeEventListener('abort', stop);
  await news.return?.();
  if (!last) throw new PerigeeError('run-failed', 'the gateway ended before the run did', 'Start it again.');
  summarise(last, options);
  return last;
}

/** The run that cannot be stopped is the one that is followed: its end, or a second Ctrl-C, ends the command. */
async function stopRun(control: GatewayControl, id: RunId): Promise<void> {
  try {
    await control.stop(id);
  } catch (error) {
    remark(`perigee: the run could not be stopped: ${reasonOf(error)}`);
  }
}

/** A run that has no place yet says why, also where nothing else of it is shown. */
function isWait(item: RunNews): item is Extract<RunNews, { kind: 'changed' }> {
  return item.kind === 'changed' && item.run.state.kind === 'queued' && item.run.state.why !== undefined;
}

function show(item: RunNews, options: RunOptions): void {
  if (options.json) printJson(item);
  else if (item.kind === 'console') process.stdout.write(paint('dim', consoleText(item.text)));
  else if (item.kind === 'report') item.samples.forEach((sample) => print(formatSample(sample)));
  else print(paint('cyan', `${item.run.id} ${item.run.image}: ${describeState(item.run)}`));
}

function summarise(run: RunRecord, options: RunOptions): void {
  if (options.json) return printJson(run);
  const { firstMetricMs, readyMs, spawnedMs } = run.boot;
  // What never started has nothing to sum up; the error says why.
  if (spawnedMs === undefined && run.startedFrom === undefined) return;
  const boot =
    firstMetricMs !== undefined
      ? `first metric after ${formatValue(firstMetricMs, 'milliseconds')}`
      : readyMs !== undefined
        ? `ready after ${formatValue(readyMs, 'milliseconds')}, no metric`
        : 'no metric';
  // One that was kept ready had been started before anyone asked for it.
  const spawn =
    spawnedMs === undefined ? ' (kept ready)' : ` (started after ${formatValue(spawnedMs, 'milliseconds')})`;
  const rss = run.footprint ? `, peak RSS ${formatValue(run.footprint.peakRssBytes, 'bytes')}` : '';
  print(
    `${run.id} ${run.image} ${describeState(run)}: ${boot}${spawn}${rss}, ${accelerationOf(run)} on ${run.architecture}`,
  );
}

function accelerationOf({ accelerator }: RunRecord): string {
  return accelerator === 'none' ? 'as a process' : accelerator;
}
