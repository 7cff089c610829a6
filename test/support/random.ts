/** Whole numbers from 0 to 2^32 - 1, the same on every run (mulberry32). */
export function random32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Numbers from 0 up to 1, the same on every run. */
export function random(seed: number): () => number {
  const next = random32(seed);
  return () => next() / 2 ** 32;
}
