import { existsSync, readdirSync, statfsSync } from 'node:fs';
import type { Config } from '../config/index.js';
import { PerigeeError, forecastOf, reasonOf, type GatewayControl } from '../domain/index.js';
import type { Finding } from './findings.js';
import { describeRoom, formatValue } from './output.js';

/** Less than this, and there is not much time to make room. */
const DAYS_TO_FULL_LEAST = 14;

/** statfs(2), EXT4_SUPER_MAGIC. */
const EXT4 = 0xef53;
/** Each window is a block of samples, and ext4 writes three more into its journal for the time of the change. */
const BLOCKS_A_WINDOW = 4;
/** What a card is to be written at most with what comes by default. */
const JOURNAL_BYTES_MOST = 60e6;

/** What the file system adds to what a power cut may not lose; docs/storage.md has it measured. */
export function journalFinding(
  { blockBytes, type }: { readonly blockBytes: number; readonly type: number },
  { durability, powerCutSeconds }: Pick<Config['store'], 'durability' | 'powerCutSeconds'>,
): readonly Finding[] {
  const bytesPerDay = (86_400 / powerCutSeconds) * BLOCKS_A_WINDOW * blockBytes;
  if (type !== EXT4 || durability === 'frugal' || bytesPerDay <= JOURNAL_BYTES_MOST) return [];
  const text =
    `its ext4 has blocks of ${formatValue(blockBytes, 'bytes')}: to lose no more than ${powerCutSeconds} s at a power cut, ` +
    `a card is written some ${Math.round(bytesPerDay / 1e6)} MB a day beside the samples`;
  const cure =
    'Where that is too much: store.powerCutSeconds: 30, store.durability: frugal, or a file system of 1 kB blocks (docs/storage.md).';
  return [{ name: 'Card', verdict: 'note', text, cure }];
}

export function findJournal({ dataDirectory, store }: Config): readonly Finding[] {
  if (!existsSync(dataDirectory)) return [];
  const { bsize: blockBytes, type } = statfsSync(dataDirectory);
  return journalFinding({ blockBytes, type }, store);
}

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
