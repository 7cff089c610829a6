import { existsSync, readdirSync } from 'node:fs';
import { PerigeeError, forecastOf, reasonOf, type GatewayControl } from '../domain/index.js';
import type { Finding } from './findings.js';
import { describeRoom, formatValue } from './output.js';

/** Less than this, and there is not much time to make room. */
const DAYS_TO_FULL_LEAST = 14;

/** What was set aside because it could not be read: it takes space until a person removes it. */
export function findSetAside(dataDirectory: string): readonly Finding[] {
  const names = existsSync(dataDirectory) ? readdirSync(dataDirectory) : [];
  const folders = names.filter((name) => name.startsWith('store.damaged-')).sort();
  const newest = folders.at(-1);
  if (newest === undefined) return [];
  const text = `what could not be read was set aside ${folders.length === 1 ? 'once' : `${folders.length} times`}, last in ${newest}`;
  const cure =
    'See `perigee store check` for what is well, and a card that does this again is to be replaced.';
  return [{ name: 'Store', verdict: 'note', text, cure }];
}

/** Of the gateway that runs, if one does. */
export async function findStore(control: GatewayControl): Promise<readonly Finding[]> {
  try {
    const forecast = forecastOf(await control.store.statistics());
    const { bytesPerSample, daysToFull = Infinity, growthBytesPerDay, wearPercentPerYear } = forecast;
    if (bytesPerSample === undefined || growthBytesPerDay === undefined)
      return [{ name: 'Store', verdict: 'ok', text: 'its growth is known after some minutes of samples' }];
    const wear =
      wearPercentPerYear === undefined
        ? ''
        : `, about ${Number(wearPercentPerYear.toPrecision(2))} % of the card’s life a year`;
    const text =
      `${bytesPerSample.toFixed(2)} bytes a sample, ${formatValue(growthBytesPerDay, 'bytes')} a day${wear}; ` +
      describeRoom(forecast);
    if (daysToFull >= DAYS_TO_FULL_LEAST) return [{ name: 'Store', verdict: 'ok', text }];
    const cure =
      'Make room, or keep less (store.maxMib): see `perigee store stats` for what takes the place.';
    return [{ name: 'Store', verdict: 'note', text, cure }];
  } catch (error) {
    // Told by itself.
    if (error instanceof PerigeeError && error.code === 'gateway-not-running') return [];
    return [{ name: 'Store', verdict: 'note', text: reasonOf(error), cure: 'See the log of the gateway.' }];
  }
}
