import { ARCHITECTURES, PerigeeError, type Architecture, type Image } from '../domain/index.js';
import type { Catalogue } from '../images/index.js';
import { catalogueOf } from './catalogue.js';
import { configOf, type CommonOptions } from './options.js';
import { complain, formatValue, paint, print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

interface Verdict {
  readonly image: string;
  /** Absent where the manifest itself is wrong. */
  readonly architecture?: Architecture;
  readonly bytes?: number;
  readonly problem?: PerigeeError;
}

/** Reads every file of these images, or of all, as is done before a start. Ends with the status of the first problem. */
export async function verify(env: Env, names: readonly string[], options: CommonOptions): Promise<number> {
  const catalogue = catalogueOf(configOf(env, options));
  const verdicts = names.length === 0 ? await verifyAll(catalogue) : await verifyNamed(catalogue, names);
  if (options.json) printJson(verdicts.map(plain));
  else verdicts.forEach((verdict) => tell(verdict, options.data));
  return verdicts.find(({ problem }) => problem)?.problem?.exitStatus ?? 0;
}

async function verifyAll(catalogue: Catalogue): Promise<readonly Verdict[]> {
  const { images, problems } = await catalogue.list();
  const broken = problems.map(({ error, folder }) => ({ image: folder, problem: error }));
  return [...(await verifyImages(catalogue, images)), ...broken];
}

async function verifyNamed(catalogue: Catalogue, names: readonly string[]): Promise<readonly Verdict[]> {
  const images: Image[] = [];
  const broken: Verdict[] = [];
  for (const image of names) {
    try {
      images.push(await catalogue.get(image));
    } catch (error) {
      broken.push({ image, problem: expected(error) });
    }
  }
  return [...(await verifyImages(catalogue, images)), ...broken];
}

/** One file after the other: a board's card reads no two faster. */
async function verifyImages(catalogue: Catalogue, images: readonly Image[]): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const image of images) {
    for (const architecture of ARCHITECTURES.filter((each) => image.boot[each])) {
      try {
        const bytes = await catalogue.verify(image, architecture);
        verdicts.push({ image: image.name, architecture, bytes });
      } catch (error) {
        verdicts.push({ image: image.name, architecture, problem: expected(error) });
      }
    }
  }
  return verdicts;
}

function expected(error: unknown): PerigeeError {
  if (error instanceof PerigeeError) return error;
  throw error;
}

function plain({ problem, ...rest }: Verdict): object {
  return { ...rest, ok: problem === undefined, ...(problem && { problem: problem.message }) };
}

function tell({ architecture, bytes, image, problem }: Verdict, data: string | undefined): void {
  if (problem) return complain(problem, data);
  print(
    `${paint('green', 'ok')}  ${image} for ${architecture ?? ''}: ${formatValue(bytes ?? 0, 'bytes')} as its manifest says`,
  );
}
