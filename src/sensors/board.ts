import { closeSync, openSync, readSync } from 'node:fs';
import { reasonOf } from '../domain/index.js';
import type { Logger, SensorName } from '../domain/index.js';
import type { SensorValues } from './parse.js';
import { SOURCES } from './sources.js';
import type { Roots, Source } from './sources.js';

/** /proc/meminfo takes about 1.5 KB; of /proc/stat only the first line is wanted. */
const READ_MAX_BYTES = 4096;

export interface SensorAvailability {
  readonly sensor: SensorName;
  readonly present: boolean;
  /** Why not, in a sentence without its full stop. */
  readonly reason?: string;
}

/**
 * The kernel's files, each opened once and read again from its start. Synchronously: procfs and sysfs answer from
 * memory in microseconds, and a thread's round trip would cost more than the reading.
 */
export class Board implements Disposable {
  readonly #roots: Roots;
  readonly #logger: Logger;
  readonly #opened = new Map<Source, OpenSource | undefined>();

  constructor(roots: Roots, logger: Logger) {
    this.#roots = roots;
    this.#logger = logger;
  }

  /** Reads each source that feeds one of these sensors once. What has no value now is absent. */
  read(wanted: ReadonlySet<SensorName>): SensorValues {
    const values: SensorValues = {};
    for (const source of SOURCES) {
      if (source.sensors.some((sensor) => wanted.has(sensor)))
        Object.assign(values, this.#open(source)?.read());
    }
    return values;
  }

  [Symbol.dispose](): void {
    for (const source of this.#opened.values()) source?.close();
    this.#opened.clear();
  }

  /** Tried once: a source that this board lacks is not looked for at every tick. */
  #open(source: Source): OpenSource | undefined {
    if (this.#opened.has(source)) return this.#opened.get(source);
    const opened = openSource(source, this.#roots, this.#logger);
    if ('reason' in opened)
      this.#logger.warn({ sensors: source.sensors, reason: opened.reason }, 'sensor absent');
    const usable = 'reason' in opened ? undefined : opened;
    this.#opened.set(source, usable);
    return usable;
  }
}

/** Looks at every source once. */
export function probe(roots: Roots): readonly SensorAvailability[] {
  return SOURCES.flatMap((source) => {
    const text = firstText(source, roots);
    if (typeof text !== 'string')
      return source.sensors.map((sensor) => ({ sensor, present: false, ...text }));
    const fed = source.feeds(text);
    return source.sensors.map((sensor) =>
      fed.includes(sensor)
        ? { sensor, present: true }
        : { sensor, present: false, reason: 'the kernel does not say it' },
    );
  });
}

function firstText(source: Source, roots: Roots): string | { readonly reason: string } {
  const located = source.locate(roots);
  if ('reason' in located) return located;
  try {
    const file = openSync(located.path, 'r');
    try {
      return readText(file, Buffer.alloc(READ_MAX_BYTES));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { reason: `it cannot be read: ${reasonOf(error)}` };
  }
}

function openSource(source: Source, roots: Roots, logger: Logger): OpenSource | { readonly reason: string } {
  const located = source.locate(roots);
  if ('reason' in located) return located;
  try {
    return new OpenSource(source, located.path, openSync(located.path, 'r'), logger);
  } catch (error) {
    return { reason: `it cannot be opened: ${reasonOf(error)}` };
  }
}

class OpenSource {
  readonly #path: string;
  readonly #file: number;
  readonly #parse: (text: string) => SensorValues;
  readonly #logger: Logger;
  readonly #buffer = Buffer.alloc(READ_MAX_BYTES);
  #complained = false;

  constructor(source: Source, path: string, file: number, logger: Logger) {
    this.#path = path;
    this.#file = file;
    this.#parse = source.parser();
    this.#logger = logger;
  }

  /** Nothing when the reading fails: drivers do that in passing, so the next tick tries again. */
  read(): SensorValues {
    try {
      return this.#parse(readText(this.#file, this.#buffer));
    } catch (error) {
      if (!this.#complained)
        this.#logger.warn({ path: this.#path, reason: reasonOf(error) }, 'sensor cannot be read');
      this.#complained = true;
      return {};
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

function readText(file: number, buffer: Buffer): string {
  return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
}
