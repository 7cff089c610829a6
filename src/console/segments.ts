import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRunId, type RunId } from '../domain/index.js';

/** One file of a run's console: what was printed from byte `start` on. Its name says so, and so nothing else has to. */
export interface Segment {
  readonly id: RunId;
  readonly start: number;
  readonly path: string;
}

/** `ID.log` begins with the first byte, `ID.65536.log` with byte 65536. */
const NAME = /^([0-9a-f]{16})(?:\.([1-9]\d{0,14}))?\.log$/;

export function segmentPath(directory: string, id: RunId, start: number): string {
  return join(directory, start === 0 ? `${id}.log` : `${id}.${start}.log`);
}

/** In the order in which they were printed, run by run. Files of other names are nobody's business here. */
export function segmentsIn(directory: string, of?: RunId): readonly Segment[] {
  return namesIn(directory)
    .flatMap((name) => {
      const [, id = '', start = '0'] = NAME.exec(name) ?? [];
      const wanted = isRunId(id) && (of === undefined || id === of);
      return wanted ? [{ id, start: Number(start), path: join(directory, name) }] : [];
    })
    .sort((a, b) => (a.id === b.id ? a.start - b.start : a.id < b.id ? -1 : 1));
}

/** The runs of which something is kept, also where no gateway runs to tell. */
export function consolesIn(directory: string): readonly RunId[] {
  return [...new Set(segmentsIn(directory).map(({ id }) => id))];
}

/** None yet, before the first run. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
