import type { StoredKind } from '../../domain/index.js';
import { sizeOnDisk } from '../database/database.js';
import type { Database } from '../database/database.js';
import { FAMILY_NAMES, rangeOf } from '../format/keys.js';
import type { Family } from '../format/keys.js';

/** By which name a person knows the records of a family. */
const KIND_OF: Readonly<Record<Family, string>> = {
  ...{ block: 'samples', part: 'samples', observation: 'samples' },
  ...{ minutes: 'minutes', minutesPart: 'minutes', hours: 'hours', hoursPart: 'hours' },
  ...{ series: 'series', latest: 'series' },
  ...{ run: 'runs', runByBirth: 'runs', runByChange: 'runs', runGoing: 'runs' },
  ...{ identity: 'other', totals: 'other', checkpoint: 'other', folded: 'other', epoch: 'other' },
  ...{ technician: 'technicians', audit: 'audit log' },
  ...{ head: 'other', cursor: 'other', floors: 'other', schedule: 'schedules', loss: 'losses' },
};

export async function sizesOfKinds(db: Database): Promise<readonly StoredKind[]> {
  const sizes = new Map<string, number>();
  for (const family of FAMILY_NAMES) {
    const bytes = await sizeOnDisk(db, rangeOf(family));
    sizes.set(KIND_OF[family], (sizes.get(KIND_OF[family]) ?? 0) + bytes);
  }
  return [...sizes].map(([kind, bytes]) => ({ kind, bytes })).sort((a, b) => b.bytes - a.bytes);
}
