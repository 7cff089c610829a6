import { isTakeable } from './limits.js';

/** One line of line protocol. */
export interface Point {
  readonly measurement: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
  /** Numbers as they are, booleans as 1 and 0, NaN for what cannot be taken. Fields of text are left out. */
  readonly fields: readonly (readonly [name: string, value: number])[];
}

/*
 * The grammar, stricter than InfluxDB's (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/) so that
 * a log line is not taken for a point: names are lower case, one space separates the parts, every field has a type.
 *
 *     line   = name *( "," name "=" tag ) " " field *( "," field ) [ " " [ "-" ] 1*19DIGIT ]
 *     name   = a-z *( a-z / 0-9 / "_" )
 *     tag    = 1*( "\" any / any but "\" "," "=" SP )
 *     field  = name "=" ( number / integer / boolean / text )
 *
 * No two ways lead through any of these patterns: a line costs time in proportion to its length, also when it fails.
 */
const NAME = '[a-z][a-z0-9_]*';
const TAG_VALUE = String.raw`(?:\\.|[^\\,= ])+`;
const NUMBER = String.raw`-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?`;
const INTEGER = String.raw`-?\d+i|\d+u`;
const BOOLEAN = 't|T|true|True|TRUE|f|F|false|False|FALSE';
/** As C, Go, Rust, OCaml and JavaScript print it. Line protocol has no such number; the guest meant to report one. */
const NOT_FINITE = '[-+]?(?:nan|NaN|NAN|inf|Inf|INF|infinity|Infinity|INFINITY)';
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const FIELD_VALUE = `(?:${NUMBER}|${INTEGER}|${BOOLEAN}|${NOT_FINITE}|${TEXT})`;
/** Nanoseconds in 64 bits, by the protocol. */
const TIMESTAMP = String.raw`-?\d{1,19}`;

const TAG = `,${NAME}=${TAG_VALUE}`;
const FIELD = `${NAME}=${FIELD_VALUE}`;
const LINE = new RegExp(`^(${NAME})((?:${TAG})*) (${FIELD}(?:,${FIELD})*)(?: ${TIMESTAMP})?$`, 'u');
const TAGS = new RegExp(`,(${NAME})=(${TAG_VALUE})`, 'uy');
const FIELDS = new RegExp(`(?:^|,)(${NAME})=(${FIELD_VALUE})(?=,|$)`, 'uy');
/** Control and format characters (among them what turns the direction of writing), line separators, unassigned ones. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Undefined for a line that is no point: ordinary text. The timestamp is ignored: a guest's clock orders nothing. */
export function parsePoint(line: string): Point | undefined {
  const [, measurement, tags = '', fields = ''] = LINE.exec(line) ?? [];
  if (measurement === undefined || UNPRINTABLE.test(line)) return undefined;
  return {
    measurement,
    tags: pairs(TAGS, tags).map(([name, value]) => [name, unescape(value)]),
    fields: pairs(FIELDS, fields)
      .filter(([, value]) => !value.startsWith('"'))
      .map(([name, value]) => [name, numberOf(value)]),
  };
}

/** Each behind the one before. `matchAll` would copy the pattern for every line, which costs more than the search. */
function pairs(pattern: RegExp, text: string): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [, name = '', value = ''] = match;
    found.push([name, value]);
  }
  return found;
}

/** A backslash before anything else stands for itself. */
function unescape(value: string): string {
  return value.replaceAll(/\\([,= ])/g, '$1');
}

/** Integers beyond 2^53 become the nearest double. */
function numberOf(text: string): number {
  if (/^[tT]/.test(text)) return 1;
  if (/^[fF]/.test(text)) return 0;
  const number = Number(text.replace(/[iu]$/, ''));
  return isTakeable(number) ? number : NaN;
}
