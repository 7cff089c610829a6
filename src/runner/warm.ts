import type { Architecture, Image, ImageName, RunId, VmSpec, WarmStart } from '../domain/index.js';
import type { Readiable } from './pool.js';

export interface WarmParts {
  /** How guests of the image can be kept ready; undefined for not at all. */
  readonly way: (image: Image) => WarmStart | undefined;
  /** Added to the arguments of a guest that is to boot, and then to wait. */
  readonly waitArgs: string;
  /** Sent to such a guest once it waits: an emulator needs a millisecond for what it has not done yet. */
  readonly practiceFrame: Uint8Array;
  /** Lets such a guest begin. */
  readonly startFrame: Uint8Array;
  readonly newSlot: () => RunId;
  /** Guests' memory that may be kept ready in all. */
  readonly budgetMib: number;
}

export interface WarmSource {
  readonly catalogue: {
    get(name: string, pending?: true): Promise<Image>;
    verify(image: Image, architecture: Architecture): Promise<number>;
  };
  readonly architecture: Architecture;
  readonly spec: (image: Image, args: string, id: RunId) => VmSpec;
  readonly warm: WarmParts;
}

/** What is started for the image now, so that it is ready for a run without arguments of its own. */
export async function prepareReady(
  { architecture, catalogue, spec, warm }: WarmSource,
  name: ImageName,
  slot: RunId,
): Promise<Readiable | undefined> {
  const image = await catalogue.get(name);
  const way = warm.way(image);
  if (way === undefined) return undefined;
  const imageBytes = await catalogue.verify(image, architecture);
  const cold = spec(image, '', slot);
  const ready = way === 'booted' ? spec(image, warm.waitArgs, slot) : cold;
  // A tender lets its guest go at once.
  if (cold.monitor !== 'qemu' || ready.monitor !== 'qemu') return undefined;
  return {
    ...{ way, spec: ready, imageBytes, readyWithinMs: image.readyWithinMs },
    key: { image, args: '', accelerator: cold.accelerator },
  };
}
