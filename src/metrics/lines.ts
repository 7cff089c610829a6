import { LINE_MAX_BYTES } from './limits.js';
import { decodeUtf8 } from './utf8.js';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const ESC = 0x1b;
const OPENING_BRACKET = 0x5b;
const EQUALS = 0x3d;

/**
 * Cuts a console into lines, at every LF and CR: guests end lines with LF, CR LF or LF CR, and overwrite them with CR.
 * NUL bytes are dropped, as terminals do. A line longer than LINE_MAX_BYTES is skipped whole, and what comes behind the
 * last line end is held until its own: a line that was cut short could show a wrong number. Holds one line at most.
 */
export class LineSplitter {
  readonly #held = new Uint8Array(LINE_MAX_BYTES);
  /** One more than fits once the line is too long. */
  #heldBytes = 0;

  /** Lines that are not empty, without their end. Each is valid until the next one is asked for. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (const byte of chunk) {
      if (byte === LF || byte === CR) {
        const bytes = this.#heldBytes;
        this.#heldBytes = 0;
        if (bytes > 0 && bytes <= LINE_MAX_BYTES) yield this.#held.subarray(0, bytes);
      } else if (byte !== NUL && this.#heldBytes <= LINE_MAX_BYTES) {
        // Past the end of the array, this writes nothing.
        this.#held[this.#heldBytes] = byte;
        this.#heldBytes += 1;
      }
    }
  }
}

/**
 * The text of a line that could be a point: begins with a lower-case letter, and has an equals sign. Escape sequences in
 * front of it and behind it (firmware clears the screen, loggers reset their colour) are no part of it. Undefined for
 * every other line, for one with an escape sequence inside, and for one that is not UTF-8.
 */
export function candidateText(line: Uint8Array): string | undefined {
  const start = skipEscapes(line, 0);
  if (!isLowerCase(line[start]) || !line.includes(EQUALS, start)) return undefined;
  const escape = line.indexOf(ESC, start);
  const end = escape < 0 ? line.length : escape;
  if (skipEscapes(line, end) !== line.length) return undefined;
  return decodeUtf8(line.subarray(start, end));
}

function skipEscapes(line: Uint8Array, from: number): number {
  let at = from;
  while (line[at] === ESC) at = skipEscape(line, at + 1);
  return at;
}

/**
 * The place behind one sequence, `ESC [ parameters intermediates final` or the same without `[` and parameters (ECMA-48,
 * 5.3 and 5.4); beyond the line for one that is broken.
 */
function skipEscape(line: Uint8Array, from: number): number {
  let at = from;
  if (line[at] === OPENING_BRACKET) {
    at += 1;
    while (isWithin(line[at], 0x30, 0x3f)) at += 1;
  }
  while (isWithin(line[at], 0x20, 0x2f)) at += 1;
  return isWithin(line[at], 0x30, 0x7e) ? at + 1 : line.length + 1;
}

function isLowerCase(byte: number | undefined): boolean {
  return isWithin(byte, 0x61, 0x7a);
}

function isWithin(byte: number | undefined, first: number, last: number): boolean {
  return byte !== undefined && byte >= first && byte <= last;
}
