import {
  PerigeeError,
  type Architecture,
  type BootSet,
  type Image,
  type Solo5Note,
} from '../domain/index.js';
import { lookAt } from './look.js';

/** The image with what its kernels say of themselves: which monitor runs a Solo5 image is told by its content. */
export async function withSolo5Notes(image: Image): Promise<Image> {
  if (image.flavour !== 'mirage') return image;
  const sets = Object.entries(image.boot) as readonly (readonly [Architecture, BootSet])[];
  const noted = await Promise.all(
    sets.map(async ([architecture, set]) => {
      const solo5 = set.kernel && (await readNote(set.kernel.path));
      return [architecture, solo5 ? { ...set, solo5 } : set] as const;
    }),
  );
  return { ...image, boot: Object.fromEntries(noted) };
}

/** False where a kernel may still have to come, and say what it is. */
export function isNoted({ boot, flavour }: Image): boolean {
  return flavour !== 'mirage' || Object.values(boot).every(({ solo5 }) => solo5 !== undefined);
}

/** Undefined for any other file, and for one that cannot be read: that is told when its checksum is verified. */
async function readNote(path: string): Promise<Solo5Note | undefined> {
  try {
    return (await lookAt(path)).detected.solo5;
  } catch (error) {
    if (error instanceof PerigeeError) return undefined;
    throw error;
  }
}
