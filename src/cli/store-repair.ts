import { describeLoss } from '../domain/index.js';
import { createLogger, systemClock } from '../platform/index.js';
import { repairStore } from '../store/index.js';
import { configOf, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';
import { progressBar } from './progress.js';

type Env = Readonly<Record<string, string | undefined>>;

export async function repair(env: Env, options: CommonOptions): Promise<number> {
  const { dataDirectory: directory, store: settings } = configOf(env, options);
  // The report says it, to a person.
  const logger = createLogger('silent');
  const report = await repairStore(
    { directory, clock: systemClock, logger, ...settings },
    progressBar('repairing the store'),
  );
  if (options.json) {
    printJson(report);
    return 0;
  }
  const { path, gatewayId, observations, aside, files, losses, partial, refolded } = report;
  print(`${path}: gateway ${gatewayId}, ${observations} observations`);
  if (refolded > 0) print(`  ${refolded} blocks of roll-ups were made anew`);
  for (const loss of losses) print(`lost  ${describeLoss(loss)}`);
  for (const loss of partial) print(`lost  ${seriesText(loss.series)} of ${describeLoss(loss)}`);
  for (const text of files) print(`damaged  ${text}`);
  if (losses.length + partial.length === 0)
    print(files.length === 0 ? 'nothing that was measured is lost' : NOTHING_KNOWN);
  if (aside !== undefined) print(`What could not be read is in ${aside}.`);
  return 0;
}

/** A start that was in one damaged file with its clock has left nothing that would tell of it. */
const NOTHING_KNOWN = 'nothing is known to be lost; of what was in the damaged files alone, nothing tells';

const SERIES_NAMED_MAX = 5;

function seriesText(series: readonly string[]): string {
  return series.length > SERIES_NAMED_MAX ? `${series.length} series` : series.join(', ');
}
