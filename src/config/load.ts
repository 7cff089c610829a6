import { readFileSync } from 'node:fs';
import { Document, parseDocument } from 'yaml';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { parseYaml } from '../yaml/index.js';
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

/** @throws PerigeeError `config`: every complaint with its key, and its line or variable. */
export function loadConfig(sources: ConfigSources): Config {
  const document = sources.file === undefined ? new Document({}) : readFile(sources.file);
  const origins = new Map<string, string>();
  for (const [variable, value] of Object.entries(sources.env)) {
    if (!variable.startsWith(ENV_PREFIX) || ENV_OTHERS.has(variable) || value === undefined) continue;
    override(document, origins, keyOfVariable(variable), value, variable);
  }
  for (const [key, value] of sources.overrides) override(document, origins, key, value, 'the command line');
  const parsed = parseYaml(configSchema, document.toString());
  if (parsed.ok) return deepFreeze(parsed.value);
  throw complaintsError(
    parsed.complaints.map(({ key, line, text }) => {
      const where =
        origins.get(key) ?? (sources.file === undefined ? 'defaults' : `${sources.file}, line ${line}`);
      return `${key} (${where}): ${text}`;
    }),
  );
}

/** Checked alone first, so that its lines are the file's own and not those of the merged document. */
function readFile(file: string): Document {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const cure = 'Give a readable YAML file to --config or PERIGEE_CONFIG.';
    throw new PerigeeError('config', `cannot read the configuration: ${reasonOf(cause)}`, cure, { cause });
  }
  const parsed = parseYaml(configSchema, text);
  if (!parsed.ok) {
    throw complaintsError(
      parsed.complaints.map(({ key, line, text }) => `${key} (${file}, line ${line}): ${text}`),
    );
  }
  return parseDocument(text.trim() === '' ? '{}' : text);
}

function override(
  document: Document,
  origins: Map<string, string>,
  key: string,
  value: string,
  from: string,
): void {
  origins.set(key, from);
  document.setIn(key.split('.'), scalar(value));
}

/** An override is a YAML value, so that 8080 is a number and [a, b] a list; what is no YAML is text. */
function scalar(value: string): unknown {
  const document = parseDocument(value);
  return document.errors.length > 0 ? value : (document.toJS() as unknown);
}

/** PERIGEE_RADIO_HCI_DEVICE is radio.hciDevice: the first word is a section if the schema has one of that name. */
function keyOfVariable(variable: string): string {
  const words = variable.slice(ENV_PREFIX.length).toLowerCase().split('_');
  const [first = '', ...rest] = words;
  return SECTIONS.has(first) && rest.length > 0 ? `${first}.${camelCase(rest)}` : camelCase(words);
}

const SECTIONS = new Set(['radio', 'sync', 'web', 'runner']);

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
