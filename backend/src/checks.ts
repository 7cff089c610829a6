import { Refusal } from './errors.js';

/** What a gateway's operator can do about a batch that breaks the contract. */
export const BATCH_CURE = 'Send a perigee.v1.Batch as proto/perigee/v1/batch.proto describes it.';

/** 16 lower-case hexadecimal digits: gateways and runs. */
const HEX_ID = /^[0-9a-f]{16}$/;
/** SQL text holds no NUL, and half a surrogate pair is no Unicode. */
const UNFIT = /[\0\p{Cs}]/u;
/** In names, for which nobody needs them, control characters are refused too: they break logs and terminals. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

export function demand(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Refusal(400, complaint, BATCH_CURE);
}

export const isId = (text: string): boolean => HEX_ID.test(text);
export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text);

export function checkedId(text: string, what: string): string {
  demand(isId(text), `${what} is not 16 lower-case hexadecimal digits`);
  return text;
}

/** Length is in UTF-16 units, as everywhere in JavaScript. */
export function checkedText(text: string, max: number, what: string): string {
  demand(text.length <= max, `${what} is longer than ${max} characters`);
  demand(isPrintable(text), `${what} has a control character or half a surrogate pair in it`);
  return text;
}

/** What others have said, with line ends and all: kept, and shown by nobody as it is. */
export function checkedContent(text: string, max: number, what: string): string {
  demand(text.length <= max, `${what} is longer than ${max} characters`);
  demand(!UNFIT.test(text), `${what} has a NUL or half a surrogate pair in it`);
  return text;
}

/** 64-bit fields arrive as numbers, so what lies beyond 2^53 has lost digits and is refused. */
export function checkedInteger(value: number, min: number, max: number, what: string): number {
  demand(Number.isSafeInteger(value) && value >= min && value <= max, `${what} is out of range`);
  return value;
}

export function checkedCount(items: readonly unknown[], max: number, what: string): void {
  demand(items.length <= max, `${what}: ${items.length} are more than ${max}`);
}
