import { fileURLToPath } from 'node:url';

/** From dist/test/setup, where this runs. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Requirement {
  readonly program: string;
  readonly package: string;
}

type Goal = 'start' | 'test';

interface Rights {
  readonly apt: boolean;
  readonly root: boolean;
  readonly sudo: boolean;
}

type InstallPlan =
  | { readonly kind: 'install'; readonly prefix: readonly string[]; readonly packages: readonly string[] }
  | { readonly kind: 'refuse'; readonly reason: string };

/** scripts/setup/plan.mjs. Scripts are plain JavaScript, because they run before anything is installed. */
export interface PlanModule {
  readonly EXIT: Readonly<
    Record<'systemPackages' | 'node' | 'npmPackages' | 'build' | 'images' | 'usage', number>
  >;
  readonly nodeProblem: (version: string) => string | undefined;
  readonly requirements: (goal: Goal, nodeArch: string) => readonly Requirement[];
  readonly packagesOf: (missing: readonly Requirement[]) => readonly string[];
  readonly imageArches: (goal: Goal, nodeArch: string) => readonly string[];
  readonly installPlan: (missing: readonly Requirement[], rights: Rights) => InstallPlan;
}

interface LockEntry {
  readonly version?: string;
  readonly optional?: boolean;
  readonly link?: boolean;
}

export interface NpmModule {
  readonly lockIsInstalled: (
    lock: Readonly<Record<string, LockEntry>>,
    installed: Readonly<Record<string, LockEntry>>,
  ) => boolean;
}

/** A module of scripts/, of which the caller knows the shape. */
export async function load(path: string): Promise<unknown> {
  return import(new URL(`../../../scripts/${path}`, import.meta.url).href);
}
