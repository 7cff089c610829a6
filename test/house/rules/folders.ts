import { importsOf, packageOf, targetOf, type Import } from '../imports.js';
import { sources, type Files, type Violation } from '../tree.js';

/** What a folder of src/ may import: other folders (by their doors) and npm packages. */
interface Grant {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
}

/** Every folder but the domain has the two contracts, and the means to check what comes from outside. */
const grant = (folders: readonly string[], packages: readonly string[] = []): Grant => ({
  folders: ['domain', ...folders],
  packages: ['@perigee/gatt', '@perigee/proto', 'valibot', ...packages],
});

/** A new folder of src/ is entered here, with as little as it needs. */
const GRANTS: Readonly<Record<string, Grant>> = {
  domain: { folders: [], packages: [] },
  yaml: grant([], ['yaml']),
  config: grant(['yaml'], ['yaml']),
  console: grant([]),
  images: grant(['yaml']),
  confinement: grant([]),
  runner: grant(['confinement'], ['execa', 'pidusage']),
  accelerator: grant([]),
  guestnet: grant([]),
  scheduler: grant([], ['croner']),
  sensors: grant([]),
  metrics: grant([]),
  store: grant([], ['@perigee/columns', 'level']),
  access: grant([]),
  requests: grant([]),
  phones: grant(['requests']),
  air: grant([]),
  radio: grant(['air'], ['@abandonware/bleno', '@stoprocent/bleno']),
  nearby: grant(['air'], ['@abandonware/noble', '@perigee/columns']),
  sync: grant([], ['axios']),
  web: grant(['requests'], ['uqr']),
  platform: grant([], ['pino']),
  gateway: grant([]),
  cli: grant([], ['commander', 'hyparquet-writer', 'perigee-backend', 'uqr']),
};

/** These join the folders: any door, and each other. */
const JOINERS = ['src/gateway.ts', 'src/main.ts'];
const JOINING_FOLDERS = ['cli', 'gateway'];
const JOINER_PACKAGES = ['perigee-backend', 'pino'];

const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
const isDoor = (path: string): boolean => /^src\/[^/]+\/index\.ts$/.test(path);

/** A folder of src/ imports what it was given, through the other folder's door. */
export function importsOnlyWhatWasGiven(files: Files): readonly Violation[] {
  return [...sources(files, 'src')].flatMap(([path, text]) =>
    importsOf(path, text).flatMap((item) => {
      const reason = whyNot(path, item);
      return reason
        ? [{ files: [item.place, targetOf(path, item.specifier) ?? item.specifier], text: reason }]
        : [];
    }),
  );
}

function whyNot(path: string, { specifier }: Import): string | undefined {
  const target = targetOf(path, specifier);
  return target === undefined ? whyNotPackage(path, packageOf(specifier)) : whyNotFile(path, target);
}

function whyNotFile(path: string, target: string): string | undefined {
  const from = folderOf(path);
  const to = folderOf(target);
  if (!target.startsWith('src/')) return 'src/ imports nothing beside it by path';
  if (from !== undefined && from === to) return undefined;
  // src/gateway/ holds the parts of src/gateway.ts, which is its door.
  if (target.startsWith(path.replace(/\.ts$/, '/'))) return undefined;
  if (from === undefined && !JOINERS.includes(path))
    return `only ${JOINERS.join(' and ')} live in src/ itself`;
  const joins = from === undefined || JOINING_FOLDERS.includes(from);
  if (JOINERS.includes(target)) return joins ? undefined : `only the joiners know the joiners`;
  if (!isDoor(target)) return 'a folder is entered by its index.ts';
  if (joins || (to !== undefined && GRANTS[from]?.folders.includes(to))) return undefined;
  return `src/${from} was not given src/${String(to)}`;
}

function whyNotPackage(path: string, name: string): string | undefined {
  const folder = folderOf(path);
  if (folder === 'domain') return 'src/domain imports nothing';
  if (name.startsWith('node:')) return undefined;
  const given = folder === undefined ? JOINER_PACKAGES : GRANTS[folder]?.packages;
  return given?.includes(name)
    ? undefined
    : `${folder === undefined ? path : `src/${folder}`} was not given this package`;
}

/** What is at home in a browser imports itself and the packages that it declares, and nothing of Node's. */
export function sharedImportsWhatItDeclares(files: Files): readonly Violation[] {
  return ['columns', 'gatt'].flatMap((folder) => outsiders(files, folder, declaredBy(files, folder)));
}

/** The backend shares the schemas with the gateway, and nothing else. */
export function backendStandsAlone(files: Files): readonly Violation[] {
  return outsiders(files, 'backend', declaredBy(files, 'backend'), /^node:/);
}

function declaredBy(files: Files, folder: string): readonly string[] {
  const manifest = JSON.parse(files.get(`${folder}/package.json`) ?? '{}') as { dependencies?: object };
  return Object.keys(manifest.dependencies ?? {});
}

function outsiders(
  files: Files,
  folder: string,
  packages: readonly string[],
  also = /^$/,
): readonly Violation[] {
  return [...sources(files, folder)].flatMap(([path, text]) =>
    importsOf(path, text).flatMap(({ specifier, place }) => {
      const target = targetOf(path, specifier);
      const isGiven =
        target?.startsWith(`${folder}/`) ?? (packages.includes(packageOf(specifier)) || also.test(specifier));
      return isGiven ? [] : [{ files: [place, target ?? specifier], text: `${folder}/ was not given this` }];
    }),
  );
}
