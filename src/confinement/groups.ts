import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../domain/index.js';

/** A control group for each guest, below the gateway's own. */
export interface Groups {
  /** Of memory, pids and cpu: those that limit something here. */
  readonly controllers: readonly string[];
  /** Makes the group, limits it, and puts the process into it. Rejects with the kernel's reason. */
  join(name: string, limits: readonly (readonly [string, string])[], processId: number): Promise<void>;
  /** Whether the kernel ended something in it for want of memory; undefined where nobody counts that. */
  outOfMemory(name: string): boolean | undefined;
  /** Once nothing is in it any more. */
  remove(name: string): void;
  /** Of this gateway and earlier ones. */
  names(): readonly string[];
}

export interface NoGroups {
  readonly why: string;
  readonly cure?: string;
}

export interface GroupPlace {
  /** The contents of /proc/self/mounts. */
  readonly mounts: string;
  /** The contents of /proc/self/cgroup. */
  readonly own: string;
  readonly processId: number;
}

const WANTED = ['memory', 'pids', 'cpu'];
const PREFIX = 'perigee-run-';
/** Where the gateway goes: a group that shares its means out to others has no processes itself (cgroups(7)). */
const GATEWAY = 'perigee-gateway';

/**
 * Takes the gateway's own control group in hand, where cgroup v2 is mounted, and the group was left to the gateway: it is
 * the only process in it, and may write it.
 */
export function openGroups(place: GroupPlace): Groups | NoGroups {
  const own = ownFolder(place);
  if (own === undefined) return { why: 'cgroup v2 is not mounted here' };
  // systemd's DelegateSubgroup has put it there already.
  const isSettled = basename(own) === GATEWAY;
  const folder = isSettled ? dirname(own) : own;
  try {
    const offered = words(readFileSync(join(folder, 'cgroup.controllers'), 'utf8'));
    const wanted = WANTED.filter((controller) => offered.includes(controller));
    if (wanted.length === 0) {
      return {
        why: `${folder} has none of ${WANTED.join(', ')}`,
        cure: isHybrid(place) ? HYBRID_CURE : CURE,
      };
    }
    if (!isSettled && !isRoot(folder) && !vacate(folder, place.processId)) {
      return { why: `other processes are in the gateway's group ${folder}`, cure: CURE };
    }
    const controllers = wanted.filter((controller) => enable(folder, controller));
    if (controllers.length === 0) return { why: `${folder} shares out none of its means`, cure: CURE };
    return new FolderGroups(folder, controllers);
  } catch (error) {
    return { why: `${folder} cannot be used: ${reasonOf(error)}`, cure: CURE };
  }
}

const CURE = 'Run the gateway as a service of its own, with Delegate=yes (docs/security.md).';
const HYBRID_CURE =
  'Version 1 has them: boot with systemd.unified_cgroup_hierarchy=1, and with cgroup_enable=memory on a Pi.';

export class FolderGroups implements Groups {
  readonly controllers: readonly string[];
  readonly #folder: string;

  constructor(folder: string, controllers: readonly string[]) {
    this.#folder = folder;
    this.controllers = controllers;
  }

  async join(name: string, limits: readonly (readonly [string, string])[], processId: number): Promise<void> {
    const folder = this.#path(name);
    await mkdir(folder, { recursive: true });
    for (const [file, value] of limits) await writeFile(join(folder, file), value);
    // Takes the kernel milliseconds, in which nobody else must wait.
    await writeFile(join(folder, 'cgroup.procs'), String(processId));
  }

  outOfMemory(name: string): boolean | undefined {
    if (!this.controllers.includes('memory')) return undefined;
    try {
      const events = readFileSync(join(this.#path(name), 'memory.events'), 'utf8');
      return Number(/^oom_kill (\d+)/m.exec(events)?.[1] ?? 0) > 0;
    } catch {
      // It never came so far that it had a group.
      return undefined;
    }
  }

  remove(name: string): void {
    try {
      rmdirSync(this.#path(name));
    } catch {
      // There is none; or the process of another gateway is in it, whose end will be seen by the next one.
    }
  }

  names(): readonly string[] {
    return readdirSync(this.#folder).flatMap((name) =>
      name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
    );
  }

  #path(name: string): string {
    return join(this.#folder, PREFIX + name);
  }
}

/** proc(5): device, mount point, type; and `0::/path` for version 2. */
function ownFolder({ mounts, own }: GroupPlace): string | undefined {
  const mount = mounts.split('\n').find((line) => line.split(' ')[2] === 'cgroup2');
  const path = /^0::(\/.*)$/m.exec(own)?.[1];
  const point = mount?.split(' ')[1];
  // A group outside of what this container sees begins with `/..`.
  if (point === undefined || path === undefined || path.startsWith('/..')) return undefined;
  return join(point, path);
}

/** Both versions are mounted, and a controller is of one of them only (cgroups(7)). */
function isHybrid({ mounts }: GroupPlace): boolean {
  return mounts.split('\n').some((line) => line.split(' ')[2] === 'cgroup');
}

/** Of the whole machine: it may hold processes, and has no type. */
function isRoot(folder: string): boolean {
  return !existsSync(join(folder, 'cgroup.type'));
}

/** False where others live there, too: a login session, or a shell. */
function vacate(folder: string, processId: number): boolean {
  const inside = words(readFileSync(join(folder, 'cgroup.procs'), 'utf8'));
  if (inside.some((id) => id !== String(processId))) return false;
  mkdirSync(join(folder, GATEWAY), { recursive: true });
  writeFileSync(join(folder, GATEWAY, 'cgroup.procs'), String(processId));
  return true;
}

function enable(folder: string, controller: string): boolean {
  try {
    writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
    return true;
  } catch {
    // The answer: this one is not to be had.
    return false;
  }
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
