import { ARCHITECTURES, PerigeeError, type Image } from '../domain/index.js';
import { openCatalogue, type Catalogue } from '../images/index.js';
import { BUILT_IMAGES } from '../platform/index.js';
import { configOf, type CommonOptions } from './options.js';
import { complain, print, printJson, remark, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export async function images(env: Env, options: CommonOptions): Promise<number> {
  const catalogue = openCatalogue(configOf(env, options).imagesDirectory ?? BUILT_IMAGES);
  const { images: found, problems: unreadable } = await catalogue.list();
  const problems = [...unreadable.map(({ error }) => error), ...(await fileProblems(catalogue, found))];
  const rows = found.map(({ name, version, flavour, boot, memoryMib, description }) => ({
    ...{ name, version, flavour, memoryMib, description },
    architectures: Object.keys(boot),
  }));
  if (options.json) printJson({ images: rows, problems: problems.map(({ message }) => message) });
  else {
    const cells = rows.map((row) => [
      row.name,
      row.version,
      row.flavour,
      `${row.memoryMib} MiB`,
      row.architectures.join(' '),
      row.description,
    ]);
    print(table([['IMAGE', 'VERSION', 'FLAVOUR', 'MEMORY', 'RUNS ON', 'DESCRIPTION'], ...cells]));
    if (rows.length === 0) remark('There are no images: build them with npm run images.');
    problems.forEach(complain);
  }
  return 0;
}

/** Files that are not what their manifests say, for any architecture. */
async function fileProblems(catalogue: Catalogue, found: readonly Image[]): Promise<readonly PerigeeError[]> {
  const checks = found.flatMap((image) =>
    ARCHITECTURES.filter((architecture) => image.boot[architecture]).map((each) =>
      catalogue.verify(image, each),
    ),
  );
  const results = await Promise.allSettled(checks);
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [];
    if (result.reason instanceof PerigeeError) return [result.reason];
    throw result.reason;
  });
}
