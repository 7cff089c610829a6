import type { Safeguard } from '../domain/index.js';
import type { Groups, NoGroups } from './groups.js';
import type { OutOfMemory } from './out-of-memory.js';
import type { GuestUser } from './user.js';

/** The means that a board may fail to give. */
export type Means = 'user' | 'folder' | 'limits' | 'group' | 'preference';

interface SafeguardFacts {
  readonly user: GuestUser;
  readonly groups: Groups | NoGroups;
  readonly outOfMemory: OutOfMemory;
  /** The program that limits processes, where there is one. */
  readonly limiter: string | undefined;
  /** What failed for some guest although it should not have, and why. */
  readonly missing: ReadonlyMap<Means, string>;
}

/** For whoever asks what keeps the guests of this gateway in. */
export function safeguards(facts: SafeguardFacts): readonly Safeguard[] {
  const { missing } = facts;
  return [
    failing(userSafeguard(facts.user), missing.get('user')),
    failing(
      { name: 'Guest folders', active: true, text: 'each has one of its own, mode 0700' },
      missing.get('folder'),
    ),
    failing(limitSafeguard(facts.limiter), missing.get('limits')),
    failing(groupSafeguard(facts.groups), missing.get('group')),
    failing(
      {
        name: 'Out of memory',
        active: true,
        text: `guests go before the gateway; told by ${witness(facts)}`,
      },
      missing.get('preference'),
    ),
  ];
}

/** What should work, and did not for every guest. */
function failing(safeguard: Safeguard, why: string | undefined): Safeguard {
  if (why === undefined) return safeguard;
  const cure = 'docs/security.md says what each needs.';
  return { cure, ...safeguard, active: false, text: `${safeguard.text}; but not for every guest: ${why}` };
}

function userSafeguard(user: GuestUser): Safeguard {
  const name = 'Guest users';
  switch (user.kind) {
    case 'each':
      return { name, active: true, text: 'each guest has a user of its own' };
    case 'named':
      return { name, active: true, text: `guests run as ${user.name} (${user.ids.uid})` };
    case 'gateway':
      return {
        ...{ name, active: false },
        text: `guests run as the gateway's own user: ${user.why}`,
        ...cureOf(user),
      };
  }
}

function limitSafeguard(limiter: string | undefined): Safeguard {
  const name = 'Guest limits';
  if (limiter !== undefined)
    return { name, active: true, text: 'memory, files, descriptors and core dumps of a process' };
  return { name, active: false, text: 'there is no prlimit on the PATH', cure: 'Install util-linux.' };
}

function groupSafeguard(groups: Groups | NoGroups): Safeguard {
  const name = 'Guest control groups';
  if (!('join' in groups)) return { name, active: false, text: groups.why, ...cureOf(groups) };
  const text = `one for each guest, with limits of ${groups.controllers.join(', ')}`;
  if (groups.controllers.includes('memory')) return { name, active: true, text };
  const cure = 'On Raspberry Pi OS, add cgroup_enable=memory to the kernel command line (cmdline.txt).';
  return { name, active: false, text: `${text}, but not of memory`, cure };
}

function witness({ groups, outOfMemory }: SafeguardFacts): string {
  const counted = 'join' in groups && groups.controllers.includes('memory');
  return counted ? "the guest's control group" : outOfMemory.source;
}

function cureOf({ cure }: { readonly cure?: string }): { readonly cure?: string } {
  return cure === undefined ? {} : { cure };
}
