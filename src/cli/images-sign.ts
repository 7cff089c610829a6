import { ARCHITECTURES } from '../domain/index.js';
import { fingerprint, signImage, signingKey, trustedKey } from '../images/index.js';
import { wholeCatalogueOf } from './catalogue.js';
import { configOf, type CommonOptions } from './options.js';
import { print, printJson, remark } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

interface SignOptions extends CommonOptions {
  readonly key: string;
}

/** Of what is whole only: a signature says that these are the files that were meant. @throws PerigeeError `image-*`. */
export async function signNamed(env: Env, name: string, options: SignOptions): Promise<number> {
  const config = configOf(env, options);
  const key = signingKey(options.key);
  const catalogue = wholeCatalogueOf(config);
  const { folder, image } = await catalogue.entry(name);
  for (const architecture of ARCHITECTURES.filter((each) => image.boot[each])) {
    await catalogue.verify(image, architecture);
  }
  await signImage(folder, key);
  const mark = fingerprint(key);
  const trusted = config.images.trustedKeys.map(trustedKey).some((each) => fingerprint(each) === mark);
  if (options.json) printJson({ image: image.name, key: mark, trusted });
  else {
    print(`Signed ${image.name} with the key ${mark.slice(0, 16)}.`);
    if (!trusted) remark('This board does not trust that key: images.trustedKeys does not have it.');
  }
  return 0;
}
