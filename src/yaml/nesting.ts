import { Lexer } from 'yaml';

/**
 * The parser recurses, and where it leaves no stack, V8 ends the process instead of throwing. Levels are bounded by what
 * makes them: columns of indentation, indicators of a line, and brackets; ours use under 20.
 */
export const MAX_NESTING = 100;

/** The number of the first line that nests deeper than any document of ours, if there is one. */
export function tooDeepAt(text: string): number | undefined {
  let [line, indentation, items, brackets] = [1, 0, 0, 0];
  let atStart = true;
  for (const token of new Lexer().lex(text)) {
    if (token === '\n' || token === '\r\n') {
      [line, indentation, items] = [line + 1, 0, 0];
    } else {
      // A scalar of several lines is one token.
      line += token.split('\n').length - 1;
      if (atStart && /^ +$/.test(token)) indentation = token.length;
      if (token === '-' || token === '?') items += 1;
      if (token === '[' || token === '{') brackets += 1;
      if (token === ']' || token === '}') brackets -= 1;
    }
    atStart = token.endsWith('\n');
    if (indentation + items + brackets > MAX_NESTING) return line;
  }
  return undefined;
}
