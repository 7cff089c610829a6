import { readFileSync } from 'node:fs';
import { openGroups } from './groups.js';
import type { ConfinementParts } from './confinement.js';
import { watchOutOfMemory } from './out-of-memory.js';
import { chooseUser } from './user.js';

/**
 * What this board has for confining guests. `groups`: only for the gateway itself, which moves into a group of its own.
 * @throws PerigeeError `config` for a user that there is not.
 */
export function boardMeans(
  user: string | number,
  groups: boolean,
): Pick<ConfinementParts, 'user' | 'groups' | 'outOfMemory'> {
  return {
    user: chooseUser(user, {
      uid: process.getuid?.() ?? -1,
      passwd: textOf('/etc/passwd'),
      uidMap: textOf('/proc/self/uid_map'),
    }),
    groups: groups
      ? openGroups({
          mounts: textOf('/proc/self/mounts'),
          own: textOf('/proc/self/cgroup'),
          processId: process.pid,
        })
      : { why: 'only a running gateway has them' },
    outOfMemory: watchOutOfMemory(),
  };
}

/** Empty where there is no such file, as outside Linux. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Then nothing of what it would say holds.
    return '';
  }
}
