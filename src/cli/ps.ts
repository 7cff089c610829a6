import { isEnded, type RunCause, type RunRecord } from '../domain/index.js';
import { MAX_LISTED, runningGateway, type CommonOptions } from './options.js';
import { describeState, formatValue, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export async function ps(env: Env, options: CommonOptions & { readonly all?: true }): Promise<number> {
  const runs = await runningGateway(env, options).runs(MAX_LISTED);
  const shown = options.all ? runs : runs.filter((run) => !isEnded(run));
  if (options.json) printJson(shown);
  else
    print(
      table([['RUN', 'IMAGE', 'REQUESTED', 'BY', 'FIRST METRIC', 'PEAK RSS', 'STATE'], ...shown.map(row)]),
    );
  return 0;
}

function row(run: RunRecord): readonly string[] {
  return [
    run.id,
    run.image,
    new Date(run.requestedAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    describeCause(run.cause),
    run.boot.firstMetricMs === undefined ? '-' : formatValue(run.boot.firstMetricMs, 'milliseconds'),
    run.footprint === undefined ? '-' : formatValue(run.footprint.peakRssBytes, 'bytes'),
    describeState(run),
  ];
}

function describeCause(cause: RunCause = { kind: 'demand' }): string {
  if (cause.kind === 'demand') return 'demand';
  const again = cause.restart === undefined ? '' : `, restart ${cause.restart}`;
  return `${cause.kind === 'kept' ? 'kept' : `schedule ${cause.name}`}${again}`;
}
