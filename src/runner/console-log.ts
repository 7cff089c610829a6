import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A guest that floods its console costs the card this much, and no more. */
export const MAX_LOG_BYTES = 256 * 1024;
const CUT_MARK = '\n[the log is full: the rest of this run is not kept]\n';

/** The console of one run, kept in a file that begins with the first byte. */
export interface ConsoleLog extends Disposable {
  append(chunk: Uint8Array): void;
}

export function openConsoleLog(path: string): ConsoleLog {
  let file: number | undefined;
  let size = 0;
  return {
    append(chunk) {
      if (size >= MAX_LOG_BYTES) return;
      file ??= create(path);
      const room = MAX_LOG_BYTES - size;
      writeSync(file, chunk.subarray(0, room));
      size += Math.min(chunk.length, room);
      if (size >= MAX_LOG_BYTES) writeSync(file, CUT_MARK);
    },
    [Symbol.dispose]() {
      if (file !== undefined) closeSync(file);
      file = undefined;
      size = MAX_LOG_BYTES;
    },
  };
}

function create(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, 'a', 0o600);
}
