import type { perigee } from '@perigee/proto';
import type { TimeKeeper } from '../domain/index.js';

/** A link that is so slow carries no session. */
const MAX_DELAY_MS = 10_000;

type BoardTime = perigee.v1.BoardTime.$Properties;

export async function boardTime(parts: {
  readonly time: TimeKeeper;
  readonly wallMs: () => number;
}): Promise<BoardTime> {
  const source = await parts.time.source();
  return { wallMs: Math.round(parts.wallMs()), source };
}

/** Resolves with by how much the time was put forward, milliseconds. @throws PerigeeError `time-refused`. */
export async function setTime(
  { delayMs, wallMs }: perigee.v1.SetTime.$Properties,
  time: TimeKeeper,
): Promise<number> {
  return Math.round(await time.set((wallMs ?? 0) + Math.min(delayMs ?? 0, MAX_DELAY_MS)));
}
