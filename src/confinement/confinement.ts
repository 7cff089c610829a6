import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../domain/index.js';
import type { Clock, Logger, RunId, Safeguard, VmSpec } from '../domain/index.js';
import { bootFiles } from './boot-files.js';
import { adoptCell, createCell, type Cell, type CellMeans } from './cell.js';
import type { Groups, NoGroups } from './groups.js';
import type { OutOfMemory } from './out-of-memory.js';
import { isClosed, locate, mayRead, mayStart, withGroupOf } from './reach.js';
import { safeguards, type Means } from './safeguards.js';
import { idsOf, type GuestUser, type UserIds } from './user.js';

export interface ConfinementParts {
  readonly user: GuestUser;
  readonly groups: Groups | NoGroups;
  readonly outOfMemory: OutOfMemory;
  /** A folder for each guest is made in it; it holds nothing else. */
  readonly folders: string;
  /** The value of PATH. */
  readonly searchPath: string;
  /** Resolves with the program's complaint, if it has one; never rejects. */
  readonly run: (
    program: string,
    args: readonly string[],
    user: UserIds | undefined,
  ) => Promise<string | undefined>;
  readonly clock: Pick<Clock, 'monotonicUs'>;
  readonly logger: Logger;
}

/** util-linux, on every distribution that we know of; nothing else limits a process that already runs. */
const LIMITER = 'prlimit';
const KVM = '/dev/kvm';

/** What a board can do for one guest it does for each, and what it cannot do stops none: it is told, once. */
export class Confinement implements Disposable {
  readonly #parts: ConfinementParts;
  readonly #limiter: string | undefined;
  readonly #means: CellMeans;
  readonly #missing = new Map<Means, string>();

  constructor(parts: ConfinementParts) {
    this.#parts = parts;
    const { clock, groups, outOfMemory, run } = parts;
    const limiter = locate(LIMITER, parts.searchPath);
    this.#limiter = limiter;
    this.#means = {
      ...{ clock, groups, outOfMemory, miss: (what, why) => this.#miss(what, why) },
      limit: limiter === undefined ? undefined : (args, user) => run(limiter, args, user),
    };
  }

  /** For a monitor that is about to be started. */
  cell(spec: VmSpec, slot: RunId): Cell {
    const user = this.#userOf(spec, slot);
    const alone = user !== undefined && this.#parts.user.kind === 'each';
    return createCell(this.#means, { slot, user, alone, folder: this.#makeFolder(slot, user) }, spec);
  }

  /** Of a guest that an earlier gateway started. */
  adopted(slot: RunId): Pick<Cell, 'close'> {
    const folder = join(this.#parts.folders, slot);
    return adoptCell(this.#means, { slot, folder, user: undefined, alone: false });
  }

  /** Removes the groups of earlier gateways' guests, but for those that go on. Their folders are whose the data directory is. */
  sweep(kept: ReadonlySet<string>): void {
    const { groups } = this.#parts;
    if (!('join' in groups)) return;
    for (const slot of groups.names()) if (!kept.has(slot)) groups.remove(slot);
  }

  /** What there is of each means, and what was found missing so far. */
  safeguards(): readonly Safeguard[] {
    const { groups, outOfMemory, user } = this.#parts;
    return safeguards({ user, groups, outOfMemory, limiter: this.#limiter, missing: this.#missing });
  }

  [Symbol.dispose](): void {
    this.#parts.outOfMemory[Symbol.dispose]();
  }

  #userOf(spec: VmSpec, slot: RunId): UserIds | undefined {
    const ids = idsOf(this.#parts.user, slot);
    if (!ids) return undefined;
    const program = locate(spec.program, this.#parts.searchPath);
    // It is not there, and will say so.
    if (program === undefined) return undefined;
    const why = whyNotAs(ids, spec, program);
    if (why === undefined) return spec.accelerator === 'kvm' ? withGroupOf(KVM, ids) : ids;
    this.#miss('user', why);
    return undefined;
  }

  #makeFolder(slot: RunId, user: UserIds | undefined): string | undefined {
    const folder = join(this.#parts.folders, slot);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (user) chownSync(folder, user.uid, user.gid);
      return folder;
    } catch (error) {
      this.#miss('folder', reasonOf(error));
      return undefined;
    }
  }

  #miss(what: Means, why: string): void {
    const known = this.#missing.get(what);
    this.#missing.set(what, why);
    if (known === undefined)
      this.#parts.logger.warn({ what, why }, 'a guest is less confined than it could be');
  }
}

/** A guest that could not run so runs all the same. */
function whyNotAs(ids: UserIds, spec: VmSpec, program: string): string | undefined {
  if (!mayStart(program, ids)) return `others may not start ${program}`;
  const closed = bootFiles(spec).find((path) => !mayRead(path, ids));
  if (closed !== undefined) return `others may not read ${closed}`;
  if (spec.accelerator === 'kvm' && isClosed(KVM, ids)) return `no group may open ${KVM}`;
  const isWired = spec.monitor !== 'qemu' && Object.keys(spec.taps).length > 0;
  return isWired ? "only root may open a guest's TAP interface" : undefined;
}
