import type { GuestEvent, ImageName, LineDecoder, Sample, Series } from '../domain/index.js';
import {
  LINE_NAME_MAX_CHARACTERS,
  LINE_TAGS_MAX,
  LINE_TAG_VALUE_MAX_CHARACTERS,
  createSampleBudget,
  type SampleBudget,
} from './limits.js';
import { createLineSeries, type LineSeries } from './line-series.js';
import { LineSplitter, candidateText } from './lines.js';
import { parsePoint, type Point } from './points.js';
import { RESERVED_PREFIX, echo } from './vocabulary.js';

const LINE_END = 0x0a;

/** The gateway's own label. */
const RESERVED_TAG = 'image';

export interface LineDecoderOptions {
  /** The image as the gateway knows it: a label of every series. */
  readonly image: ImageName;
  /** Shared with the guest's other channels; by default one of its own. */
  readonly budget?: SampleBudget;
  /** Shared with the image's other runs; by default one of its own. */
  readonly series?: LineSeries;
}

/**
 * Finds the points of line protocol among whatever else a guest says (docs/metrics.md). Gives `report` events, with 0 for
 * the guest's times, which lines do not have, and `bad-frame` events. A report names a series once and has at most
 * SAMPLES_BURST_MAX samples; one that has none only says how many were dropped. Each kind of fault is one event in the
 * decoder's life, since a guest repeats what it does wrong with every line. The state is one line and what the image has
 * named; events are in proportion to the budget, which both ways share, and not to the chunk.
 */
export function createLineDecoder(options: LineDecoderOptions): LineDecoder {
  return new Decoder(options);
}

class Decoder implements LineDecoder {
  readonly #image: ImageName;
  readonly #budget: SampleBudget;
  readonly #series: LineSeries;
  readonly #console = new LineSplitter();
  readonly #whole = new LineSplitter();
  readonly #blamed = new Set<FaultKind>();

  constructor({ image, budget = createSampleBudget(), series = createLineSeries() }: LineDecoderOptions) {
    this.#image = image;
    this.#budget = budget;
    this.#series = series;
  }

  push(chunk: Uint8Array, nowUs: number): readonly GuestEvent[] {
    return this.#take(this.#console.push(chunk), nowUs);
  }

  pushWhole(lines: Uint8Array, nowUs: number): readonly GuestEvent[] {
    const ended = new Uint8Array(lines.length + 1);
    ended.set(lines);
    ended[lines.length] = LINE_END;
    return this.#take(this.#whole.push(ended), nowUs);
  }

  #take(lines: Iterable<Uint8Array>, nowUs: number): readonly GuestEvent[] {
    const reports = new Reports();
    const faults: GuestEvent[] = [];
    const blame = ({ kind, detail }: Fault): void => {
      if (this.#blamed.has(kind)) return;
      this.#blamed.add(kind);
      faults.push({ kind: 'refused', detail });
    };
    for (const line of lines) {
      const text = candidateText(line);
      const point = text === undefined ? undefined : parsePoint(text);
      if (point === undefined || point.fields.length === 0) continue;
      // In a flood, most of the work is saved.
      const samples = this.#budget.isSpent(nowUs) ? [] : this.#samplesOf(point, blame);
      // A point is taken whole or not at all: a part of it would show one instant as it never was.
      const taken = this.#budget.take(samples.length, nowUs) ? samples : [];
      reports.add(taken, point.fields.length - taken.length);
    }
    return [...faults, ...reports.end()];
  }

  #samplesOf(point: Point, blame: (fault: Fault) => void): readonly Sample[] {
    const fault = faultOfTags(point.tags);
    if (fault !== undefined) {
      blame(fault);
      return [];
    }
    const labels = { ...Object.fromEntries(point.tags), image: this.#image };
    return point.fields.flatMap(([field, value]) => {
      if (Number.isNaN(value)) return [];
      const series = this.#seriesOf(nameOf(point.measurement, field), labels);
      if (!('kind' in series)) return [{ series, value }];
      blame(series);
      return [];
    });
  }

  #seriesOf(name: string, labels: Series['labels']): Series | Fault {
    if (name.length > LINE_NAME_MAX_CHARACTERS) {
      const detail = `${echo(name)} is longer than the ${LINE_NAME_MAX_CHARACTERS} characters of a metric name`;
      return { kind: 'long-name', detail };
    }
    if (name.startsWith(RESERVED_PREFIX)) {
      return {
        kind: 'reserved-name',
        detail: `${name}: names with ${RESERVED_PREFIX} in front are the gateway's`,
      };
    }
    return this.#series.find(name, labels) ?? overCap(name, this.#series.max);
  }
}

type FaultKind =
  'tags' | 'long-tag' | 'repeated-tag' | 'reserved-tag' | 'long-name' | 'reserved-name' | 'cap';

interface Fault {
  readonly kind: FaultKind;
  readonly detail: string;
}

function overCap(name: string, max: number): Fault {
  const detail = `more than ${max} series were named in lines: ${name} and all further new ones are not taken`;
  return { kind: 'cap', detail };
}

function faultOfTags(tags: Point['tags']): Fault | undefined {
  const names = tags.map(([name]) => name);
  if (tags.length > LINE_TAGS_MAX) {
    return { kind: 'tags', detail: `a line has ${tags.length} tags, and ${LINE_TAGS_MAX} is the most` };
  }
  if (names.includes(RESERVED_TAG)) {
    return { kind: 'reserved-tag', detail: `a line has the tag ${RESERVED_TAG}, which is the gateway's` };
  }
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) {
    return { kind: 'repeated-tag', detail: `a line has the tag ${echo(repeated)} twice` };
  }
  const long = tags.find(
    ([name, value]) => name.length > LINE_NAME_MAX_CHARACTERS || value.length > LINE_TAG_VALUE_MAX_CHARACTERS,
  );
  return (
    long && { kind: 'long-tag', detail: `a line has the tag ${echo(long.join('='))}, which is too long` }
  );
}

/** A measurement that has one thing to say calls its field `value`. */
function nameOf(measurement: string, field: string): string {
  return field === 'value' ? measurement : `${measurement}_${field}`;
}

/** Puts the points of one chunk together: they came at one instant, as far as the gateway's clock can tell. */
class Reports {
  readonly #events: GuestEvent[] = [];
  #samples: Sample[] = [];
  readonly #named = new Set<Series>();
  #dropped = 0;

  add(samples: readonly Sample[], dropped: number): void {
    for (const sample of samples) {
      // A second value of one series is a later one.
      if (this.#named.has(sample.series)) this.#close();
      this.#named.add(sample.series);
      this.#samples.push(sample);
    }
    this.#dropped += dropped;
  }

  end(): readonly GuestEvent[] {
    if (this.#samples.length > 0 || this.#dropped > 0) this.#close();
    return this.#events;
  }

  #close(): void {
    const [samples, dropped] = [this.#samples, this.#dropped];
    this.#events.push({ kind: 'report', samples, windowEndUs: 0, guestUs: 0, dropped });
    this.#samples = [];
    this.#named.clear();
    this.#dropped = 0;
  }
}
