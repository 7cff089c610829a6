import type { Series } from './observation.js';

/**
 * A condition on a series, as a person writes it: `image=hello`, `image!=hello`, `series=~temp*`, `series!~run_*`. The
 * word `series` stands for the name; a label that a series has not is empty. In a pattern, `*` is any text, and `?` any
 * one character.
 */
export interface Matcher {
  readonly label: string;
  readonly isPattern: boolean;
  readonly isNot: boolean;
  readonly value: string;
}

const NAME_LABEL = 'series';
const MATCHER = /^([a-z][a-z0-9_]{0,63})(=~|!~|!=|=)(.{0,256})$/su;

/** Undefined for what is none. */
export function parseMatcher(text: string): Matcher | undefined {
  const [, label, operator = '', value = ''] = MATCHER.exec(text) ?? [];
  if (label === undefined) return undefined;
  return { label, value, isPattern: operator.endsWith('~'), isNot: operator.startsWith('!') };
}

/** Whether all of them hold. */
export function matchesAll({ name, labels }: Series, matchers: readonly Matcher[]): boolean {
  return matchers.every(({ label, value, isPattern, isNot }) => {
    const found = label === NAME_LABEL ? name : (labels[label] ?? '');
    return (isPattern ? matchesPattern(Array.from(found), Array.from(value)) : found === value) !== isNot;
  });
}

/** In time of the product of both lengths at most, whatever the pattern is: a star is tried again a place further on. */
function matchesPattern(text: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = pattern[place];
    if (wanted === '*') {
      star = place;
      resume = at;
      place += 1;
    } else if (wanted === '?' || (wanted !== undefined && wanted === text[at])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      place = star + 1;
    } else return false;
  }
  return pattern.slice(place).every((wanted) => wanted === '*');
}
