import type { Rule } from './tree.js';

/** The files that a rule names, one list a violation. */
export function named(rule: Rule, tree: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  return rule(new Map(Object.entries(tree))).map(({ files }) => files);
}
