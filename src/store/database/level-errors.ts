import { PerigeeError, reasonOf } from '../../domain/index.js';
import type { LossReason } from '../../domain/index.js';
import { markDamaged } from './damage-mark.js';

/** What a failed opening of LevelDB means to a person. */
export function openingFailed(path: string, cause: unknown): PerigeeError {
  const codes = codesOf(cause);
  const reason = reasonOf(deepest(cause));
  if (codes.has('LEVEL_LOCKED')) return lockedByAnother(path, cause);
  if (codes.has('LEVEL_CORRUPTION')) return corrupt(path, reason, cause);
  const cure =
    lossReasonOf(cause) === 'disk-full' ? 'Make room on its disk, and start again.' : CHECK_DIRECTORY;
  return unusable(`cannot open the store in ${path}: ${reason}`, cure, cause);
}

export function lockedByAnother(path: string, cause?: unknown): PerigeeError {
  const cure = 'Stop that gateway, or choose another directory with --data.';
  return new PerigeeError('data-dir-locked', `another gateway is using ${path}`, cure, { cause });
}

/** Whether it says that files of the database are not what was written: then the rest can be put together anew. */
export function isDamage(error: unknown): boolean {
  const codes = codesOf(error);
  if (codes.has('LEVEL_CORRUPTION') || codes.has('store-corrupt')) return true;
  return codes.has('LEVEL_IO_ERROR') && UNREADABLE.test(reasonOf(deepest(error)));
}

/** A card that gives a sector back no more, or a table that is gone. */
const UNREADABLE = /Input\/output error|\.(ldb|sst): No such file/;

export function corrupt(path: string, reason: string, cause?: unknown): PerigeeError {
  const cure = 'Start the gateway again: it keeps what can be read, and says what is lost.';
  return new PerigeeError('store-corrupt', `the store in ${path} is damaged: ${reason}`, cure, { cause });
}

export function writingFailed(path: string, cause: unknown): PerigeeError {
  if (isDamage(cause)) markDamaged(path);
  const cure = 'See that its disk is writable and has space; the gateway tries again by itself.';
  return unusable(`cannot write to the store in ${path}: ${reasonOf(deepest(cause))}`, cure, cause);
}

export function readingFailed(path: string, cause: unknown): PerigeeError {
  if (isDamage(cause)) markDamaged(path);
  const reason = reasonOf(deepest(cause));
  if (codesOf(cause).has('LEVEL_CORRUPTION')) return corrupt(path, reason, cause);
  return unusable(`cannot read the store in ${path}: ${reason}`, 'See that its disk is well.', cause);
}

export const CHECK_DIRECTORY = 'Choose another directory with --data, or correct its permissions.';

export function unusable(message: string, cure: string, cause?: unknown): PerigeeError {
  return new PerigeeError('data-dir-unusable', message, cure, { cause });
}

/** LevelDB says what the system said as text alone. */
const DISK_REASONS: readonly (readonly [LossReason, RegExp])[] = [
  ['disk-full', /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded|disk is full/],
  ['read-only', /EROFS|Read-only file system/],
];

/** Why what could not be stored is lost. */
export function lossReasonOf(error: unknown): LossReason {
  if (error instanceof PerigeeError && error.code === 'store-refused') return 'refused';
  const text = chain(error).map(reasonOf).join(' ');
  return DISK_REASONS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'io-error';
}

/** LevelDB's binding gives the reason as the cause of a general error. */
const CAUSES_MAX = 8;

function chain(error: unknown): readonly unknown[] {
  const errors: unknown[] = [];
  let next: unknown = error;
  while (next !== undefined && errors.length < CAUSES_MAX) {
    errors.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return errors;
}

function codesOf(error: unknown): ReadonlySet<unknown> {
  return new Set(
    chain(error).map((link) => (link instanceof Error && 'code' in link ? link.code : undefined)),
  );
}

function deepest(error: unknown): unknown {
  return chain(error).at(-1);
}
