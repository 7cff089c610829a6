import type { Files, Violation } from '../tree.js';

/** A file that is longer has two subjects. */
const MAX_LINES = 300;
const CODE = /^(src|columns|gatt|backend|test|bench|scripts|bin|images)\/.*\.(ts|mjs|c|h|S)$/;

export function filesAreShort(files: Files): readonly Violation[] {
  return [...files].flatMap(([path, text]) => {
    const lines = text.trimEnd().split('\n').length;
    return CODE.test(path) && lines > MAX_LINES
      ? [{ files: [path], text: `${lines} lines, more than ${MAX_LINES}` }]
      : [];
  });
}

/** A folder's door is its index.ts, or the file beside it that has its name. */
export function foldersHaveDoors(files: Files): readonly Violation[] {
  const folders = new Set([...files.keys()].flatMap((path) => /^src\/[^/]+(?=\/.*\.ts$)/.exec(path) ?? []));
  return [...folders]
    .filter((folder) => !files.has(`${folder}/index.ts`) && !files.has(`${folder}.ts`))
    .map((folder) => ({ files: [`${folder}/index.ts`], text: 'is missing: it is the door of its folder' }));
}

/** Written in parts, so that this file passes its own rule. */
const PLACES = [
  '/work' + '/',
  '/home' + '/\\w',
  '/root' + '/',
  'registry' + '\\.npmjs\\.',
  'npmmirror' + '\\.',
  '/files\\.pythonhosted' + '\\.',
];

/** The repository works on any machine, and with any registry. */
export function namesNoMachine(files: Files): readonly Violation[] {
  const pattern = new RegExp(`(?<![\\w.])(${PLACES.join('|')})`);
  return [...files].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined ? [] : [{ files: [`${path}:${index + 1}`], text: `names ${found}` }];
    }),
  );
}

const EXACT = /^(npm:.+@)?\d+\.\d+\.\d+(-[\w.-]+)?$/;
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'] as const;

type PackageManifest = Partial<Record<(typeof KINDS)[number], Readonly<Record<string, unknown>>>>;

/** What was tested is what is installed. */
export function versionsAreExact(files: Files): readonly Violation[] {
  const manifests = [...files].filter(([path]) => /(^|\/)package\.json$/.test(path));
  return manifests.flatMap(([path, text]) => {
    const manifest = JSON.parse(text) as PackageManifest;
    return KINDS.flatMap((kind) => Object.entries(manifest[kind] ?? {}))
      .filter(([, version]) => typeof version === 'string' && !EXACT.test(version))
      .map(([name, version]) => ({
        files: [path],
        text: `${name} is ${String(version)}, not one exact version`,
      }));
  });
}
