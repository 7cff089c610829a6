import * as v from 'valibot';

/** A whole number within bounds, both included. */
export function wholeNumber(min: number, max: number): v.GenericSchema<number> {
  return v.pipe(
    v.number('expected a number'),
    v.integer('expected a whole number'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
}
