import assert from 'node:assert/strict';
import type { Row } from './database.js';

/** Readers of single columns. A type that is not the expected one is our own mistake, in the SQL beside it. */

export function integer(row: Row | undefined, column: string): number {
  const value = row?.[column];
  assert(typeof value === 'number' && Number.isSafeInteger(value), `${column} is an integer`);
  return value;
}

export function text(row: Row | undefined, column: string): string {
  const value = row?.[column];
  assert(typeof value === 'string', `${column} is a text`);
  return value;
}

export function timestamp(row: Row | undefined, column: string): string {
  const value = row?.[column];
  assert(value instanceof Date, `${column} is a time`);
  return value.toISOString();
}

/** A double as ProtoJSON spells it: JSON has no number for these three. */
export function double(row: Row | undefined, column: string): number | 'NaN' | 'Infinity' | '-Infinity' {
  const value = row?.[column];
  assert(typeof value === 'number', `${column} is a double`);
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}
