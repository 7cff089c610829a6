import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A guest that floods its console costs the card this much, and no more. */
export const MAX_LOG_BYTES = 256 * 1024;
const CUT_MARK = '\n[the log is full: the rest of this run is not kept]\n';

/** The console of one run, kept in a file that begins with the first byte. */
export interface ConsoleLog extends Disposable {
  append(chunk: Uint8Array): void;
}

/** Where the file cannot be written, `failed` is told once, the run goes on, and the rest of its console is not kept. */
export function openConsoleLog(path: string, failed: (error: unknown) => void): ConsoleLog {
  let file: number | undefined;
  let room = MAX_LOG_BYTES;
  const write = (chunk: Uint8Array): void => {
    file ??= create(path);
    writeSync(file, chunk.subarray(0, room));
    room -= Math.min(chunk.length, room);
    if (room === 0) writeSync(file, CUT_MARK);
  };
  return {
    append(chunk) {
      if (room === 0) return;
      try {
        write(chunk);
      } catch (error) {
        room = 0;
        failed(error);
      }
    },
    [Symbol.dispose]() {
      if (file !== undefined) closeSync(file);
      file = undefined;
      room = 0;
    },
  };
}

function create(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, 'a', 0o600);
}
