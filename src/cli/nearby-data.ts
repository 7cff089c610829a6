import type { perigee } from '@perigee/proto';
import { harmless } from '../domain/index.js';
import type { Unit } from '../domain/index.js';
import { withSession, type NearbyOptions } from './nearby-visit.js';
import { formatSpan, formatValue, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** News of some series, as runs report them, until Ctrl-C. */
export async function watch(env: Env, series: readonly string[], options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    for await (const news of session.watch(series)) {
      const values = news.values ?? [];
      if (options.json) values.forEach((value) => printJson(value));
      else values.forEach((value) => print(valueRow(value).join(' ')));
    }
  });
}

/** How the gateway is. */
export async function status(env: Env, options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    const state = await session.state();
    if (options.json) {
      printJson(state);
      return;
    }
    const { activeRuns = 0, epoch, lostObservations = 0, queuedRuns = 0, version } = state;
    const failing = state.crashLoops ?? [];
    print(
      table([
        [
          'Version',
          `${version ?? ''}, start ${epoch ?? 0}, up for ${formatSpan((state.uptimeSeconds ?? 0) * 1000)}`,
        ],
        ['Guests', `${activeRuns}, of which ${queuedRuns} wait`],
        ['Stored', `${state.samplesStored ?? 0} samples; ${lostObservations} observations were lost`],
        ['Recording', harmless(state.recordingText ?? '')],
        ['Backend', state.sync ?? ''],
        ...(failing.length === 0 ? [] : [['Stopped', `fail again and again: ${failing.join(', ')}`]]),
      ]),
    );
  });
}

/** A line of a table: the series, and its value with its unit. */
export function valueRow({ series, unit, value }: perigee.v1.SeriesValue.$Properties): readonly string[] {
  return [harmless(series ?? ''), formatValue(value ?? NaN, unit as Unit)];
}
