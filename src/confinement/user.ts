import { PerigeeError, type RunId } from '../domain/index.js';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** As whom guests run. */
export type GuestUser =
  /** Each under a number of its own, so that no guest can send a signal to another, or trace it. */
  | { readonly kind: 'each' }
  | { readonly kind: 'named'; readonly name: string; readonly ids: UserIds }
  /** As the gateway itself. */
  | { readonly kind: 'gateway'; readonly why: string; readonly cure?: string };

/** What the choice rests on. */
export interface UserFacts {
  /** Of the gateway. */
  readonly uid: number;
  /** The contents of /etc/passwd. */
  readonly passwd: string;
  /** The contents of /proc/self/uid_map: what numbers there are in this container. */
  readonly uidMap: string;
}

/**
 * Numbers that belong to nobody: behind all 16-bit ones, which systemd and distributions share out, and before 100000,
 * where those for containers begin (systemd's UIDS-GIDS.md; SUB_UID_MIN of login.defs).
 */
const FIRST_UID = 65_536;
const UIDS = 32_768;

/** @throws PerigeeError `config` for a user that there is not. */
export function chooseUser(setting: string | number, facts: UserFacts): GuestUser {
  if (setting === 'gateway') return { kind: 'gateway', why: 'runner.user says so' };
  if (facts.uid !== 0)
    return { kind: 'gateway', why: 'only a gateway that is root can start them as others' };
  if (setting !== 'each') return named(setting, facts.passwd);
  if (hasNumbers(facts.uidMap)) return { kind: 'each' };
  const why = `this container has no user numbers ${FIRST_UID} to ${FIRST_UID + UIDS - 1}`;
  return { kind: 'gateway', why, cure: 'Name a user of the container in runner.user.' };
}

/** The same for a run's whole life, also under the next gateway. Two of the few guests at once hardly ever have one number. */
export function idsOf(user: GuestUser, slot: RunId): UserIds | undefined {
  if (user.kind === 'gateway') return undefined;
  if (user.kind === 'named') return user.ids;
  const number = FIRST_UID + (Number.parseInt(slot.slice(-8), 16) % UIDS);
  return { uid: number, gid: number };
}

/** passwd(5): name:password:UID:GID:… */
function named(setting: string | number, passwd: string): GuestUser {
  const field = typeof setting === 'number' ? 2 : 0;
  const entry = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[field] === String(setting));
  if (entry)
    return { kind: 'named', name: entry[0] ?? '', ids: { uid: Number(entry[2]), gid: Number(entry[3]) } };
  const message = `runner.user: there is no user ${setting} in /etc/passwd`;
  throw new PerigeeError('config', message, 'Add it (sudo useradd --system NAME), or use each or gateway.');
}

/** user_namespaces(7): first number inside, first outside, how many; a line each. */
function hasNumbers(uidMap: string): boolean {
  return uidMap.split('\n').some((line) => {
    const [inside = NaN, , count = NaN] = line.trim().split(/\s+/).map(Number);
    return inside <= FIRST_UID && inside + count >= FIRST_UID + UIDS;
  });
}
