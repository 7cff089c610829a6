import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { parseScalar, parseYaml } from '../yaml/index.js';
import { configSchema, type Config } from './schema.js';

export interface ConfigSources {
  /** `key=value` pairs from the command line, dotted keys: the strongest. */
  readonly overrides: readonly (readonly [key: string, value: string])[];
  /** The process's environment: PERIGEE_WEB_PORT is web.port. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A YAML file; absent for defaults only. */
  readonly file?: string;
}

const ENV_PREFIX = 'PERIGEE_';
/** Read by the command line itself, and no keys of the configuration. */
const ENV_OTHERS = new Set(['PERIGEE_CONFIG']);

/** One key that the environment or the command line sets, and which of them. */
interface Override {
  readonly key: string;
  readonly value: unknown;
  readonly from: string;
}

/** @throws PerigeeError `config`: every complaint with its key, and its line or variable. */
export function loadConfig(sources: ConfigSources): Config {
  const overrides = [...fromEnvironment(sources.env), ...fromCommandLine(sources.overrides)];
  const merged = overrides.reduce(overridden, sources.file === undefined ? {} : readFile(sources.file));
  const result = v.safeParse(configSchema, merged);
  if (result.success) return deepFreeze(result.output);
  // The file was found to be good on its own, so that what is wrong now was overridden.
  throw complaintsError(
    result.issues.map((issue) => {
      const key = (issue.path ?? []).map((item) => String(item.key)).join('.');
      return `${key} (${originOf(key, overrides)}): ${issue.message}`;
    }),
  );
}

function fromEnvironment(env: ConfigSources['env']): readonly Override[] {
  return Object.entries(env).flatMap(([variable, value]) => {
    if (!variable.startsWith(ENV_PREFIX) || ENV_OTHERS.has(variable) || value === undefined) return [];
    return [{ key: keyOfVariable(variable), value: parseScalar(value), from: variable }];
  });
}

/** An override is a YAML value, so that 8080 is a number and [a, b] a list; what is no YAML is text. */
function fromCommandLine(overrides: ConfigSources['overrides']): readonly Override[] {
  return overrides.map(([key, value]) => ({ key, value: parseScalar(value), from: 'the command line' }));
}

/** Checked alone, so that its lines are told. */
function readFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const cure = 'Give a readable YAML file to --config or PERIGEE_CONFIG.';
    throw new PerigeeError('config', `cannot read the configuration: ${reasonOf(cause)}`, cure, { cause });
  }
  const parsed = parseYaml(configSchema, text);
  if (parsed.ok) return parsed.value;
  throw complaintsError(
    parsed.complaints.map(({ key, line, text: why }) => `${key} (${file}, line ${line}): ${why}`),
  );
}

/** A copy of the tree with one more key; the sections on its way are made where there are none. */
function overridden(tree: unknown, { key, value, from }: Override): unknown {
  const set = (node: unknown, path: readonly string[]): unknown => {
    const [name, ...rest] = path;
    if (name === undefined) return value;
    if (!isSection(node)) {
      const section = key.split('.').slice(0, -path.length).join('.');
      throw complaintsError([`${key} (${from}): ${section} is a value, and has no keys`]);
    }
    const below = Object.hasOwn(node, name) ? node[name] : {};
    return Object.fromEntries([...Object.entries(node), [name, set(below, rest)]]);
  };
  return set(tree, key.split('.'));
}

function isSection(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

/** The last override at, above or below the key that is wrong. */
function originOf(key: string, overrides: readonly Override[]): string {
  const touches = (other: string): boolean =>
    other === key || other.startsWith(`${key}.`) || key.startsWith(`${other}.`);
  return overrides.findLast((override) => touches(override.key))?.from ?? 'defaults';
}

/** PERIGEE_RADIO_HCI_DEVICE is radio.hciDevice: the first word is a section, unless the schema has the whole as one key. */
function keyOfVariable(variable: string): string {
  const words = variable.slice(ENV_PREFIX.length).toLowerCase().split('_');
  const [first = '', ...rest] = words;
  const whole = camelCase(words);
  if (Object.hasOwn(configSchema.entries, whole) || !SECTIONS.has(first)) return whole;
  return `${first}.${camelCase(rest)}`;
}

const SECTIONS = new Set(['radio', 'store', 'sync', 'web', 'runner', 'images']);

function camelCase(words: readonly string[]): string {
  return words
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}

function complaintsError(complaints: readonly string[]): PerigeeError {
  const message = `the configuration is not valid: ${complaints.join('; ')}`;
  return new PerigeeError('config', message, 'Correct what is named; docs/configuration.md lists every key.');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
