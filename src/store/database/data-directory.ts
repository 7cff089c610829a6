import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../domain/index.js';
import { CHECK_DIRECTORY, unusable } from './level-errors.js';

/** Every name that LevelDB or we give to a file, and what file systems put into their root. */
const NOT_FOREIGN =
  /^(head\.ring(\.new|\.aside)?|reserve|damaged|CURRENT|LOCK|LOG(\.old)?|MANIFEST-\d+|\d+\.(log(\.new)?|ldb|sst|dbtmp)|lost|lost\+found)$/;
/** Without one of them, a file with a number is not LevelDB's. */
const OF_LEVELDB = /^(head\.ring|LOCK|MANIFEST-\d+)$/;
const NUMBERED = /^\d/;

/**
 * The store's own folder within the data directory, made if need be.
 *
 * @throws PerigeeError `data-dir-unusable` when it cannot be made, written, or holds something else than LevelDB.
 */
export async function prepareStoreFolder(directory: string): Promise<string> {
  const path = join(directory, 'store');
  const names = await makeFolder(path);
  refuseForeignFiles(path, names);
  return path;
}

/** @throws PerigeeError `data-dir-unusable` when the folder holds something else than LevelDB. */
export function refuseForeignFiles(path: string, names: readonly string[]): void {
  if (names.includes('CURRENT')) return;
  const isNumberOurs = names.some((name) => OF_LEVELDB.test(name));
  const isForeign = (name: string): boolean =>
    !NOT_FOREIGN.test(name) || (!isNumberOurs && NUMBERED.test(name));
  const foreign = names.find(isForeign);
  if (foreign !== undefined) throw foreignFolder(path, `it holds ${foreign}`);
}

/** LevelDB would mix its files with whatever is there. */
export function foreignFolder(path: string, evidence: string): Error {
  const message = `${path} belongs to another program: ${evidence}`;
  return unusable(message, 'Choose another directory with --data.');
}

async function makeFolder(path: string): Promise<readonly string[]> {
  try {
    await makeWithParents(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return await readdir(path);
  } catch (cause) {
    throw unusable(`cannot use the directory ${path}: ${reasonOf(cause)}`, CHECK_DIRECTORY, cause);
  }
}

/** Not mkdir's `recursive`: Node 20 never comes back from it where the kernel answers ENOENT, as /proc does. */
export async function makeWithParents(path: string): Promise<void> {
  if ((await makeOne(path)) === 'there' || dirname(path) === path) return;
  await makeWithParents(dirname(path));
  if ((await makeOne(path)) === 'no parent') throw new Error('nothing can be made there');
}

async function makeOne(path: string): Promise<'there' | 'no parent'> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'no parent';
    if (code !== 'EEXIST') throw error;
  }
  return 'there';
}
