/** Something that lies between two moments of wall time, milliseconds; the second is not in it. */
export interface Spanning {
  readonly startMs: number;
  readonly endMs: number;
}

/** A stretch of wall time, and what of it all lies there from its beginning to its end. */
export interface Stretch<T> extends Spanning {
  readonly there: readonly T[];
}

/** Cuts time where something begins or ends, in order. What is there together keeps the order in which it was given. */
export function* stretches<T extends Spanning>(all: readonly T[]): Generator<Stretch<T>> {
  const coming = all
    .map((one, place) => ({ one, place }))
    .sort((a, b) => a.one.startMs - b.one.startMs || a.place - b.place);
  const cuts = [...new Set(all.flatMap(({ startMs, endMs }) => [startMs, endMs]))].sort((a, b) => a - b);
  let there: typeof coming = [];
  let next = 0;
  for (const [index, startMs] of cuts.entries()) {
    there = there.filter(({ one }) => one.endMs > startMs);
    for (let one = coming[next]; one?.one.startMs === startMs; one = coming[next]) {
      there.push(one);
      next += 1;
    }
    const endMs = cuts[index + 1];
    if (endMs === undefined || there.length === 0) continue;
    there.sort((a, b) => a.place - b.place);
    yield { startMs, endMs, there: there.map(({ one }) => one) };
  }
}
