/** 10^-9 of a unit: what people and sensors round to is coarser. */
export const EXPONENT_MAX = 9;

/** Four times the difference of two such numbers is still exact, and so is the difference of two differences. */
const INTEGER_MAX = 2 ** 49;

const POWERS: readonly number[] = Array.from({ length: EXPONENT_MAX + 1 }, (_, exponent) => 10 ** exponent);

/** 10 to this power; it is a whole number, and so exact. */
export function powerOf(exponent: number): number {
  return POWERS[exponent] ?? NaN;
}

/**
 * The whole number that is the value times the power, or NaN where dividing it again would not give the very same value
 * (which also tells -0 from 0).
 */
export function scaled(value: number, power: number): number {
  const integer = Math.round(value * power);
  const isExact = integer / power === value && Math.abs(integer) <= INTEGER_MAX;
  return isExact && (integer !== 0 || Object.is(value, 0)) ? integer : NaN;
}

/** The least exponent, from `least` on, at which the value is a decimal number; -1 for none. */
export function exponentOf(value: number, least: number): number {
  for (let exponent = least; exponent <= EXPONENT_MAX; exponent += 1) {
    if (!Number.isNaN(scaled(value, powerOf(exponent)))) return exponent;
  }
  return -1;
}
