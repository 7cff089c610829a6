import { catalogueOf } from './catalogue.js';
import { configOf, type CommonOptions } from './options.js';
import { complain, print, printJson, remark, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** By their manifests; `verify` reads the files too. */
export async function images(env: Env, options: CommonOptions): Promise<number> {
  const catalogue = catalogueOf(configOf(env, options));
  const { images: found, problems } = await catalogue.list();
  const entries = await Promise.all(found.map(({ name }) => catalogue.entry(name)));
  const rows = entries.map(({ image, added }) => {
    const { name, version, flavour, boot, memoryMib, description } = image;
    return { name, version, flavour, memoryMib, description, added, architectures: Object.keys(boot) };
  });
  if (options.json) printJson({ images: rows, problems: problems.map(({ error }) => error.message) });
  else {
    const cells = rows.map((row) => [
      row.name,
      row.version,
      row.flavour,
      `${row.memoryMib} MiB`,
      row.architectures.join(' '),
      row.added ? 'yes' : 'no',
      row.description,
    ]);
    print(table([['IMAGE', 'VERSION', 'FLAVOUR', 'MEMORY', 'RUNS ON', 'ADDED', 'DESCRIPTION'], ...cells]));
    if (rows.length === 0 && problems.length === 0)
      remark('There are no images: build them with npm run images.');
    problems.forEach(({ error }) => complain(error, options.data));
  }
  return 0;
}
