/** A command in a sentence, with the word that says which one of a group; not where it is only told of. */
const COMMAND =
  /\bperigee (?!backup\b|images inspect\b)(?:(?:images|nearby|schedule|store|technician) (?=[a-z]))?[a-z]+\b(?! --help)/g;
/** On a phone's side, others are for the gateway's. */
const NEARBY = /^perigee nearby\b/;

/** Puts what makes another command mean the same gateway behind those that a hint names. */
export function sameData(hint: string, data: string | undefined, isNearby = false): string {
  if (data === undefined) return hint;
  return hint.replace(COMMAND, (named) =>
    isNearby && !NEARBY.test(named) ? named : `${named} --data ${shellWord(data)}`,
  );
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
