import type { ConsoleEnds } from '../domain/index.js';

/** What a guest's console says about its run. */
export type ConsoleSign =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly status: number }
  | { readonly kind: 'panic'; readonly detail: string };

/** No family prints a longer line about its end; the rest of a longer one is not looked at. */
const MAX_LINE = 512;
const MAX_DETAIL = 200;

export interface ConsoleReader {
  push(text: string): readonly ConsoleSign[];
  /** The last line may have no end: a guest that dies does not finish its sentence. */
  end(): readonly ConsoleSign[];
}

/** Reads lines, of any split, for the signs that a family's patterns know. Escape codes of terminals are no text. */
export function createConsoleReader(ends: ConsoleEnds, readyText: string | undefined): ConsoleReader {
  let pending = '';
  const signsOf = (raw: string): readonly ConsoleSign[] => {
    const line = plain(raw);
    const ready = readyText !== undefined && line.includes(readyText);
    return [...(ready ? [{ kind: 'ready' } as const] : []), ...endOf(line, ends)];
  };
  return {
    push(text) {
      const lines = (pending + text).split(/\r?\n|\r/);
      pending = (lines.pop() ?? '').slice(0, MAX_LINE);
      return lines.flatMap(signsOf);
    },
    end() {
      const last = pending;
      pending = '';
      return signsOf(last);
    },
  };
}

function endOf(line: string, { advice, crashed, done }: ConsoleEnds): readonly ConsoleSign[] {
  for (const pattern of crashed) {
    const match = pattern.exec(line);
    if (match) return [{ kind: 'panic', detail: advised(match[0].slice(0, MAX_DETAIL), advice) }];
  }
  for (const pattern of done) {
    const match = pattern.exec(line);
    if (match) return [{ kind: 'done', status: Number(match[1] ?? 0) }];
  }
  return [];
}

function advised(detail: string, advice: ConsoleEnds['advice']): string {
  const known = advice.find(([failure]) => failure.test(detail));
  return known ? `${detail} (${known[1]})` : detail;
}

/** Without the escape sequences of ECMA-48 that firmware and banners print: control strings, control sequences, others. */
function plain(line: string): string {
  return line.slice(0, MAX_LINE).replace(ESCAPES, '');
}

// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const ESCAPES = /\u001b(?:[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\[[0-9;?]*[A-Za-z]|[A-Za-z=>])/g;
