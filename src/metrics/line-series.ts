import { seriesKey } from '../domain/index.js';
import type { Series, Unit } from '../domain/index.js';
import { LINE_SERIES_MAX } from './limits.js';

/** The series that an image has named by lines. Share one among an image's runs: the cap then holds for the image. */
export interface LineSeries {
  readonly max: number;
  /** Undefined for a new series beyond the cap. The same object for the same name and labels. */
  find(name: string, labels: Series['labels']): Series | undefined;
}

export function createLineSeries(max: number = LINE_SERIES_MAX): LineSeries {
  const known = new Map<string, Series>();
  return {
    max,
    find(name, labels) {
      const key = seriesKey({ name, labels });
      const found = known.get(key);
      if (found !== undefined || known.size >= max) return found;
      const series = { name, labels, unit: unitOfName(name) };
      known.set(key, series);
      return series;
    },
  };
}

/** The longer ending first where one ends with the other. */
const UNITS_BY_ENDING: readonly (readonly [ending: string, unit: Unit])[] = [
  ['bytes_per_second', 'bytes-per-second'],
  ['percent_per_second', 'percent-per-second'],
  ['celsius_per_second', 'celsius-per-second'],
  ['per_second', 'per-second'],
  ['bytes', 'bytes'],
  ['percent', 'percent'],
  ['celsius', 'celsius'],
  ['ms', 'milliseconds'],
  ['milliseconds', 'milliseconds'],
  ['seconds', 'seconds'],
  ['count', 'count'],
  ['pascals', 'pascals'],
  ['volts', 'volts'],
  ['amperes', 'amperes'],
  ['watts', 'watts'],
  ['lux', 'lux'],
];

const TOTAL = /(?:^|_)total$/;

/**
 * Line protocol has no units, so a unit is what the name's last words say, by the habit of Prometheus and Telegraf. It
 * must follow from the name alone: a series never changes its unit, and the same name has to mean the same after a
 * restart, in another run, and beside a tag that is new. Only whole words count (`items` are no milliseconds), and what
 * is not certain has no unit: a wrong one on a phone is worse than none. A total is a count, unless it is one of
 * something (`rx_bytes_total`).
 */
function unitOfName(name: string): Unit {
  const isTotal = TOTAL.test(name);
  const rest = name.replace(TOTAL, '');
  const found = UNITS_BY_ENDING.find(([ending]) => rest === ending || rest.endsWith(`_${ending}`));
  return found?.[1] ?? (isTotal ? 'count' : 'none');
}
