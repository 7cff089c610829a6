import { readFile } from 'node:fs/promises';
import type { RunId } from '../domain/index.js';
import { segmentsIn } from './segments.js';

/** Follows one run's console, from its beginning or what is left of it, whoever writes it. */
export interface ConsoleReader {
  /** What was printed since the last call; what is gone meanwhile is marked at its place. Empty: nothing new. */
  more(): Promise<string>;
}

export function createConsoleReader(directory: string, id: RunId): ConsoleReader {
  const decoder = new TextDecoder();
  let next = 0;
  return {
    async more() {
      let text = '';
      for (const { path, start } of segmentsIn(directory, id)) {
        const bytes = await contents(path);
        if (bytes === undefined || start + bytes.length <= next) continue;
        if (start > next) text += decoder.decode() + lostMark(start - next);
        text += decoder.decode(bytes.subarray(Math.max(0, next - start)), { stream: true });
        next = start + bytes.length;
      }
      return text;
    },
  };
}

function lostMark(bytes: number): string {
  return `\n[${bytes} bytes were printed here and are not kept: runner.consoleBytes is the limit]\n`;
}

/** Undefined for one that made room for newer ones while it was looked for. */
async function contents(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
