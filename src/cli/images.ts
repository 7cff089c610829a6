import { openCatalogue } from '../images/index.js';
import { BUILT_IMAGES } from '../platform/index.js';
import { configOf, type CommonOptions } from './options.js';
import { print, printJson, remark, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

export async function images(env: Env, options: CommonOptions): Promise<number> {
  const { images: found, problems } = await openCatalogue(
    configOf(env, options).imagesDirectory ?? BUILT_IMAGES,
  ).list();
  const rows = found.map(({ name, version, flavour, boot, memoryMib, description }) => ({
    ...{ name, version, flavour, memoryMib, description },
    architectures: Object.keys(boot),
  }));
  if (options.json) printJson({ images: rows, problems: problems.map(({ error }) => error.message) });
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
    for (const { error } of problems) remark(`perigee: ${error.message}\n  ${error.cure}`);
  }
  return 0;
}
