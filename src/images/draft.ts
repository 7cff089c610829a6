import { join } from 'node:path';
import { PerigeeError, type Architecture, type Image, type ImageFile } from '../domain/index.js';
import { compose, type Board, type Composed, type Wanted } from './compose.js';
import { gather, namesFiles, sha256Of, type Gathered } from './gather.js';
import { lookAt, type Looked } from './look.js';
import { fileLines, manifestText, type FileSums } from './manifest-text.js';
import { parseManifest } from './manifest.js';
import { readSignature } from './signature-file.js';

/** What can be said of an image that is to be added. */
export interface Said extends Pick<Wanted, 'name' | 'flavour' | 'architecture' | 'memoryMib' | 'taps'> {
  /** Paths of what goes with the kernel. */
  readonly disk?: string;
  readonly initrd?: string;
  readonly description?: string;
  readonly vcpus?: number;
  readonly args?: string;
  /** Its reports come over a network that ends in the gateway. */
  readonly network?: 'metrics';
  readonly readyText?: string;
  readonly readyWithinMs?: number;
}

/** An image as it would be added: checked as far as it can be without running it. */
export interface Draft {
  readonly image: Image;
  readonly text: string;
  /** That came with a manifest that is taken as it is. */
  readonly signature?: string;
  readonly composed: Composed;
  /** Those of this board's architecture, and what each was found to be. */
  readonly looked: Pick<Wanted, 'kernel' | 'initrd' | 'disk'>;
  /** Those of every architecture, where they are now. */
  readonly files: readonly ImageFile[];
}

/** @throws PerigeeError `image-invalid` for what this board could not run, or `usage`. */
export async function draftImage(path: string, said: Said, board: Board): Promise<Draft> {
  const gathered = await gather(path);
  if (gathered.manifest === undefined) return fromFiles(await withGiven(gathered, said), said, board);
  const [key] = Object.keys(said);
  if (key !== undefined) {
    const message = `${path} has a manifest of its own, which says everything`;
    throw new PerigeeError(
      'usage',
      message,
      `Leave out what describes the image (${key}), or change its image.yaml.`,
    );
  }
  return fromManifest(path, gathered, gathered.manifest, board);
}

/** What was given beside FILE counts. */
async function withGiven(gathered: Gathered, { disk, initrd }: Said): Promise<Gathered> {
  if (disk !== undefined && gathered.disk && !gathered.kernel) {
    const { detected, path } = gathered.disk;
    const text = `${path} is a disk (${detected.format}) and no kernel, and ${disk} is a second one`;
    throw new PerigeeError('image-invalid', text, 'Give the kernel as FILE, or one disk alone.');
  }
  return {
    ...gathered,
    ...(disk === undefined ? {} : { disk: await lookAt(disk) }),
    ...(initrd === undefined ? {} : { initrd: await lookAt(initrd) }),
  };
}

async function fromFiles(gathered: Gathered, said: Said, board: Board): Promise<Draft> {
  const { called, ...looked } = gathered;
  const { architecture, flavour, memoryMib, name, taps } = said;
  const composed = compose(
    { ...looked, called, ...defined({ architecture, flavour, memoryMib, name, taps }) },
    board,
  );
  const { paths, sums } = await summed(looked);
  const { args, description, network, readyText, readyWithinMs, vcpus } = said;
  const content = sums.kernel ?? sums.disk?.sha256 ?? '';
  const text = manifestText(
    {
      name: composed.name,
      // Two contents are two versions; the maker's own number is in the description, if anywhere.
      version: content.slice(0, 12),
      description,
      flavour: composed.flavour,
      memoryMib: composed.memoryMib,
      ...{ vcpus, args, network, taps, readyText, readyWithinMs },
    },
    composed.architecture,
    sums,
  );
  const image = parseManifest(text, called, ({ sha256 }) => paths.get(sha256) ?? '');
  return { image, text, composed, looked, files: filesOf(image) };
}

/** As it is, byte for byte, if it names its files. */
async function fromManifest(
  folder: string,
  gathered: Gathered,
  manifest: string,
  board: Board,
): Promise<Draft> {
  const named = namesFiles(manifest);
  const { paths, sums } = named ? { paths: new Map<string, string>(), sums: {} } : await summed(gathered);
  if (!named && manifest.trimStart().startsWith('{')) {
    const cure = 'List them under kernels, initrds and disks, or write a key a line.';
    throw new PerigeeError('image-invalid', `the image.yaml of ${folder} names no files`, cure);
  }
  const text = named ? manifest : [manifest.trimEnd(), ...fileLines(board.architecture, sums), ''].join('\n');
  const image = parseManifest(text, folder, ({ file, sha256 }) => paths.get(sha256) ?? join(folder, file));
  const looked = await lookedAt(image, board.architecture);
  const { flavour, memoryMib, name, taps } = image;
  const { architecture } = board;
  const composed = compose(
    { ...looked, called: name, ...{ name, flavour, memoryMib, architecture, taps } },
    board,
  );
  const signature = named ? await readSignature(folder) : undefined;
  return {
    ...{ image, text, looked, files: filesOf(image) },
    ...(signature === undefined ? {} : { signature }),
    composed: { ...composed, why: 'its manifest says so' },
  };
}

async function lookedAt(image: Image, architecture: Architecture): Promise<Draft['looked']> {
  const set = image.boot[architecture];
  if (!set) {
    const message = `${image.name} is built for ${Object.keys(image.boot).join(', ')}, and this board is ${architecture}`;
    throw new PerigeeError('image-invalid', message, `Build it for ${architecture} too.`);
  }
  const entries = Object.entries(set) as [keyof Draft['looked'], ImageFile][];
  return Object.fromEntries(
    await Promise.all(entries.map(async ([kind, file]) => [kind, await lookAt(file.path)] as const)),
  );
}

/** Checksums of the files, and where each is. */
async function summed({ disk, initrd, kernel }: Draft['looked']): Promise<{
  readonly paths: ReadonlyMap<string, string>;
  readonly sums: FileSums;
}> {
  const paths = new Map<string, string>();
  const sum = async (file: Looked | undefined): Promise<string | undefined> => {
    if (!file) return undefined;
    const sha256 = await sha256Of(file.path);
    paths.set(sha256, file.path);
    return sha256;
  };
  const [kernelSum, initrdSum, diskSum] = [await sum(kernel), await sum(initrd), await sum(disk)];
  const format = disk?.detected.diskFormat ?? 'raw';
  return {
    paths,
    sums: {
      ...defined({ kernel: kernelSum, initrd: initrdSum }),
      ...(diskSum === undefined ? {} : { disk: { sha256: diskSum, format } }),
    },
  };
}

function filesOf(image: Image): readonly ImageFile[] {
  return Object.values(image.boot).flatMap(({ disk, initrd, kernel }) =>
    [kernel, initrd, disk].filter((file) => file !== undefined),
  );
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
