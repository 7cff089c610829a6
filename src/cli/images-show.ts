import { basename } from 'node:path';
import { ARCHITECTURES, type Architecture, type Image, type ImageFile } from '../domain/index.js';
import { lookAt, readManifest, readSignature, signatureState, trustedKey } from '../images/index.js';
import type { Looked, SignatureState } from '../images/index.js';
import { wholeCatalogueOf } from './catalogue.js';
import { configOf, type CommonOptions } from './options.js';
import { formatValue, print, printJson } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** One file of an image: what its manifest says, and what it is. */
interface ShownFile {
  readonly architecture: Architecture;
  readonly kind: 'kernel' | 'initrd' | 'disk';
  readonly sha256: string;
  readonly looked: Looked;
}

/** @throws PerigeeError `image-*`, also where a file of it cannot be read. */
export async function show(env: Env, name: string, options: CommonOptions): Promise<number> {
  const config = configOf(env, options);
  const { added, folder, image } = await wholeCatalogueOf(config).entry(name);
  const files = await Promise.all(filesOf(image));
  const keys = config.images.trustedKeys.map(trustedKey);
  const signature = signatureState(await readManifest(folder), await readSignature(folder), keys);
  if (options.json) printJson({ ...image, added, folder, files, signature });
  else {
    const signed = `  signature    ${SIGNATURES[signature]}`;
    [...describeImage(image, folder, added), signed, ...files.map(describeFile)].forEach(print);
  }
  return 0;
}

const SIGNATURES: Readonly<Record<SignatureState, string>> = {
  trusted: 'of a trusted key',
  'unknown-key': 'of no trusted key, or of another content',
  malformed: 'none that can be read',
  absent: 'none',
};

function filesOf({ boot }: Image): readonly Promise<ShownFile>[] {
  return ARCHITECTURES.flatMap((architecture) => {
    const { disk, initrd, kernel } = boot[architecture] ?? {};
    return (Object.entries({ kernel, initrd, disk }) as [ShownFile['kind'], ImageFile | undefined][]).flatMap(
      ([kind, file]) => (file ? [shownFile(architecture, kind, file)] : []),
    );
  });
}

async function shownFile(
  architecture: Architecture,
  kind: ShownFile['kind'],
  { path, sha256 }: ImageFile,
): Promise<ShownFile> {
  return { architecture, kind, sha256, looked: await lookAt(path) };
}

function describeImage(image: Image, folder: string, added: boolean): readonly string[] {
  const { args, description, flavour, memoryMib, metrics, name, readyText, sensors, vcpus, version } = image;
  const ready = readyText === undefined ? 'its first metric' : `the text "${readyText}"`;
  const limit = image.timeLimitMs === undefined ? 'none' : formatValue(image.timeLimitMs, 'milliseconds');
  return [
    `${name} ${version}${description === '' ? '' : `: ${description}`}`,
    `  manifest     ${folder}${added ? ', added' : ''}`,
    `  flavour      ${flavour}`,
    `  guest        ${memoryMib} MiB, ${vcpus} vCPU${args === '' ? '' : `, arguments "${args}"`}`,
    `  metrics      ${metrics}, sensors: ${sensors.length === 0 ? 'none' : sensors.join(' ')}`,
    `  ready        by ${ready}, within ${formatValue(image.readyWithinMs, 'milliseconds')}`,
    `  time limit   ${limit}`,
  ];
}

function describeFile({ architecture, kind, looked, sha256 }: ShownFile): string {
  const { bytes, detected, path } = looked;
  const what = `${architecture} ${kind}`.padEnd(14);
  return `  ${what} ${basename(path)}: ${detected.format}, ${formatValue(bytes, 'bytes')}, sha256 ${sha256.slice(0, 12)}…`;
}
