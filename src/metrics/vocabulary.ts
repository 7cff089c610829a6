import type { perigee } from '@perigee/proto';
import type { ImageName, Sample, Series } from '../domain/index.js';
import { unitFromWire } from '../domain/index.js';
import { isTakeable } from './limits.js';

/** What one guest may name: bounds the gateway's memory, and the store's series. */
export const METRICS_MAX = 128;

/** Leaves room for a prefix and a unit within the 64 characters that metric stores are sure to take. */
const METRIC_NAME = /^[a-z][a-z0-9_]{0,47}$/;

/** What the gateway measures of a run begins so: a guest could otherwise forge it, or spoil it with another unit. */
export const RESERVED_PREFIX = 'run_';

/** Of text that a guest sent and a log repeats. */
const ECHO_MAX_CHARACTERS = 48;

/** Why a frame was not taken, in words for a log. */
interface Fault {
  readonly fault: string;
}

interface Values {
  readonly samples: readonly Sample[];
  /** Values that were no number, or beyond every limit. */
  readonly dropped: number;
}

/** The metrics that one guest has declared. */
export class Vocabulary {
  readonly #labels: Series['labels'];
  readonly #series = new Map<number, Series>();
  readonly #names = new Set<string>();

  constructor(image: ImageName) {
    this.#labels = { image };
  }

  declare(declare: perigee.v1.Declare.$Properties): Fault | undefined {
    const metric = declare.metric ?? 0;
    const name = declare.name ?? '';
    const unit = unitFromWire(declare.unit ?? 0);
    if (metric === 0) return { fault: 'a metric was declared with the number 0' };
    if (!METRIC_NAME.test(name)) return { fault: `${echo(name)} is no metric name` };
    if (name.startsWith(RESERVED_PREFIX))
      return { fault: `${name}: names that begin with run_ are the gateway's own` };
    if (unit === undefined) return { fault: `metric ${name} has the unknown unit ${declare.unit ?? 0}` };
    const known = this.#series.get(metric);
    if (known?.name === name && known.unit === unit) return undefined;
    if (known !== undefined) return { fault: `metric ${metric} is ${known.name} and cannot become ${name}` };
    if (this.#names.has(name)) return { fault: `metric ${name} was declared under two numbers` };
    if (this.#series.size === METRICS_MAX) return { fault: `more than ${METRICS_MAX} metrics were declared` };
    this.#names.add(name);
    this.#series.set(metric, { name, labels: this.#labels, unit });
    return undefined;
  }

  read(values: readonly perigee.v1.Value.$Properties[]): Values | Fault {
    if (values.length > this.#series.size)
      return { fault: 'a report has more values than metrics were declared' };
    const seen = new Set<number>();
    const samples: Sample[] = [];
    for (const entry of values) {
      const metric = entry.metric ?? 0;
      const value = entry.value ?? 0;
      const series = this.#series.get(metric);
      if (series === undefined)
        return { fault: `a report has a value of metric ${metric}, which was not declared` };
      if (seen.has(metric)) return { fault: `a report has two values of ${series.name}` };
      seen.add(metric);
      if (isTakeable(value)) samples.push({ series, value });
    }
    return { samples, dropped: values.length - samples.length };
  }
}

/** Text from a guest, made harmless for a log: short, and quoted with its control characters escaped. */
export function echo(text: string): string {
  return JSON.stringify(text.slice(0, ECHO_MAX_CHARACTERS));
}
