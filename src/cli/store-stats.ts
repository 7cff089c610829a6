import { RESOLUTIONS, forecastOf } from '../domain/index.js';
import type { StoreForecast, StoreStatistics, StoreWrites } from '../domain/index.js';
import type { CommonOptions } from './options.js';
import { describeRoom, formatDays, formatValue, print, printJson, table } from './output.js';
import { withStore } from './store-access.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface StatsOptions extends CommonOptions {
  readonly cardSize?: number;
  readonly cardCycles?: number;
}

export async function stats(env: Env, options: StatsOptions): Promise<number> {
  const statistics = await withStore(env, options, (store) => store.statistics());
  const forecast = forecastOf(statistics, {
    ...(options.cardSize === undefined ? {} : { cardBytes: options.cardSize }),
    ...(options.cardCycles === undefined ? {} : { ratedCycles: options.cardCycles }),
  });
  if (options.json) printJson({ ...statistics, forecast });
  else for (const line of describe(statistics, forecast)) print(line);
  return 0;
}

const bytes = (value: number): string => formatValue(value, 'bytes');

function describe(statistics: StoreStatistics, forecast: StoreForecast): readonly string[] {
  return [
    ...sizeLines(statistics),
    '',
    ...kindLines(statistics),
    '',
    ...writeLines(statistics.written, forecast),
    ...growthLines(forecast),
    ...cardLines(forecast),
  ];
}

/** What a point of each resolution takes, by the newest blocks. */
function sizeLines({ measured }: StoreStatistics): readonly string[] {
  const rows = RESOLUTIONS.map((resolution) => {
    const { blocks, bytes: size, points, seconds } = measured[resolution];
    const each = points === 0 ? '-' : `${(size / points).toFixed(2)} B`;
    return [resolution, each, String(points), String(blocks), formatDays(seconds / 86_400)];
  });
  return table([['NEWEST', 'A POINT', 'POINTS', 'BLOCKS', 'TIME'], ...rows]).split('\n');
}

function kindLines({ files, kinds }: StoreStatistics): readonly string[] {
  const rows = [
    ...kinds.filter((kind) => kind.bytes > 0).map((kind) => [kind.kind, bytes(kind.bytes)]),
    ['not sorted yet', bytes(files.logBytes)],
    ['head log', bytes(files.headLogBytes)],
    ['kept for a full disk', bytes(files.reserveBytes)],
  ];
  return table([['ON DISK', ''], ...rows]).split('\n');
}

function writeLines(written: StoreWrites, forecast: StoreForecast): readonly string[] {
  const { deviceBytes, givenBytes, headBytes, samples, seconds, sortedBytes } = written;
  const { writeAmplification, writtenBytesPerDay } = forecast;
  if (writeAmplification === undefined) return [];
  const device = deviceBytes === undefined ? '' : `; the process gave ${bytes(deviceBytes)} to disks`;
  const day = writtenBytesPerDay === undefined ? '' : `, ${bytes(writtenBytesPerDay)} a day at this rate`;
  return [
    `Written in ${formatDays(seconds / 86_400)}: ${samples} samples; ${bytes(givenBytes)} given to the database, ` +
      `${bytes(sortedBytes)} to sort it, ${bytes(headBytes)} to the head log: ` +
      `${writeAmplification.toFixed(1)} bytes for each given${device}${day}`,
  ];
}

function growthLines(forecast: StoreForecast): readonly string[] {
  const { bytesPerSample, growthBytesPerDay } = forecast;
  if (bytesPerSample === undefined || growthBytesPerDay === undefined)
    return ['Growth: not known before the first blocks, which take five minutes'];
  return [
    `Growth: ${bytesPerSample.toFixed(2)} bytes a sample with its roll-ups, ${bytes(growthBytesPerDay)} a day; ` +
      describeRoom(forecast),
  ];
}

function cardLines({ card, wearPercentPerYear }: StoreForecast): readonly string[] {
  const assumed =
    `a card of ${(card.cardBytes / 1e9).toFixed(0)} GB, ${card.ratedCycles} cycles, ` +
    `${card.amplification} bytes written within for each`;
  return wearPercentPerYear === undefined
    ? [`Card wear: not known before an hour of a running gateway; assumed is ${assumed}`]
    : [`Card wear: ${Number(wearPercentPerYear.toPrecision(2))} % of its life a year, assuming ${assumed}`];
}
