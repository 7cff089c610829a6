import { PerigeeError, seriesKey } from '../domain/index.js';
import type { GatewayControl, HistoryPoint, Resolution } from '../domain/index.js';
import { runningGateway, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface ExportOptions extends CommonOptions {
  readonly last: number;
  /** Unix time, milliseconds; overrides `last`. */
  readonly from?: number;
  readonly to?: number;
  readonly resolution: Resolution;
}

/** Prints one series as CSV, or with --json an object a line; without a series, what series there are. */
export async function exportSeries(
  env: Env,
  series: string | undefined,
  options: ExportOptions,
): Promise<number> {
  const control = runningGateway(env, options);
  if (series === undefined) {
    const show = options.json ? printJson : print;
    (await seriesOf(control)).forEach((name) => show(name));
    return 0;
  }
  if (!(await seriesOf(control)).includes(series))
    throw new PerigeeError(
      'usage',
      `there is no series ${series}`,
      'See `perigee export` for those there are.',
    );
  const toMs = options.to ?? Date.now();
  const fromMs = options.from ?? toMs - options.last;
  const { resolution } = options;
  if (!options.json) print(resolution === 'raw' ? 'time,value' : 'time,count,mean,min,max,last');
  for await (const points of control.history({ series, fromMs, toMs, resolution }))
    for (const point of points) print(options.json ? JSON.stringify(point) : rowOf(point, resolution));
  return 0;
}

async function seriesOf(control: GatewayControl): Promise<readonly string[]> {
  return (await control.latest()).map((sample) => seriesKey(sample.series)).sort();
}

/** Numbers have no comma and no quote, so that nothing need be escaped. */
function rowOf({ wallMs, count, sum, least, most, last }: HistoryPoint, resolution: Resolution): string {
  const time = new Date(wallMs).toISOString();
  return resolution === 'raw'
    ? `${time},${last}`
    : [time, count, Number((sum / count).toPrecision(12)), least, most, last].join();
}
