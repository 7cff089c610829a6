/**
 * Text from elsewhere, so that it cannot command the terminal it is shown on: escape sequences retitle it, or type for its
 * user. Control characters but for tabs and line ends become their pictures (Unicode, block Control Pictures).
 */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === '\n' || character === '\r' || character === '\t') return character;
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2421';
  });
}

/** A wall clock may say anything, also what no date can be. */
const DATE_MAX_MS = 8.64e15;

/** 2026-11-27 12:00:00, UTC. */
export function timeText(ms: number): string {
  if (!(Math.abs(ms) <= DATE_MAX_MS)) return `${ms} ms`;
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}
