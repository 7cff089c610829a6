/**
 * Numbers lists of series, from 0 in the order of first sight. A source names the same series in the same order over
 * and over, so that the list is said once.
 */
export class ShapeIndex {
  readonly #lists: (readonly number[])[] = [];
  /** By their first series: few lists share it. */
  readonly #numbers = new Map<number, number[]>();

  get size(): number {
    return this.#lists.length;
  }

  /** Undefined for a list that was not added. */
  find(seriesIds: readonly number[]): number | undefined {
    return this.#numbers.get(seriesIds[0] ?? 0)?.find((number) => areSame(this.#lists[number], seriesIds));
  }

  add(seriesIds: readonly number[]): number {
    const number = this.#lists.push(seriesIds) - 1;
    const first = seriesIds[0] ?? 0;
    const others = this.#numbers.get(first);
    if (others === undefined) this.#numbers.set(first, [number]);
    else others.push(number);
    return number;
  }

  list(number: number): readonly number[] | undefined {
    return this.#lists[number];
  }
}

function areSame(a: readonly number[] | undefined, b: readonly number[]): boolean {
  if (a === b) return true;
  if (a?.length !== b.length) return false;
  for (let index = 0; index < b.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
