import { ERROR_EXITS } from '../domain/index.js';
import { checkStore } from '../store/index.js';
import type { StoreReport } from '../store/index.js';
import { sameData } from './hints.js';
import { configOf, type CommonOptions } from './options.js';
import { paint, print, printJson, remark } from './output.js';
import { progressBar } from './progress.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Reads everything in a stopped store. Ends with 0 where all of it is well, else with that of `store-corrupt`. */
export async function check(env: Env, options: CommonOptions): Promise<number> {
  const report = await checkStore(configOf(env, options).dataDirectory, progressBar('reading the store'));
  if (options.json) printJson(report);
  else tell(report);
  if (report.findings.length === 0) return 0;
  const cure =
    '`perigee store repair` sets aside what cannot be read, and keeps the rest. So does the next start.';
  remark(sameData(cure, options.data));
  return ERROR_EXITS['store-corrupt'];
}

function tell(report: StoreReport): void {
  const { gatewayId, epochs, series, samples, observations, runs, span, findings } = report;
  const when =
    span === undefined
      ? ''
      : `, ${new Date(span.fromMs).toISOString()} to ${new Date(span.toMs).toISOString()}`;
  print(`${report.path}: gateway ${gatewayId ?? 'unknown'}, ${epochs} starts`);
  print(`  ${observations} observations, ${samples} samples of ${series} series${when}; ${runs} runs`);
  print(
    `  ${report.rollupsCompared} blocks of roll-ups compared, ${report.inHeadLog} writes only in the head log`,
  );
  for (const { about, text } of findings) print(`${paint('red', 'damaged')}  ${about}: ${text}`);
  if (findings.length === 0) print(`${paint('green', 'ok')}  everything is as it was written`);
}
