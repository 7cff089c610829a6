import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyPair } from '@perigee/gatt';
import { PerigeeError, reasonOf } from '../domain/index.js';
import { pairOf } from './curve.js';

/** X25519 as PKCS #8 in PEM, which openssl reads too; for its owner alone. */
const MODE = 0o600;

/**
 * The key in the file, made where there is none. Phones know a gateway by its key: one that is lost is lost to all of
 * them, so a file that cannot be read is never replaced. @throws PerigeeError `data-dir-unusable`.
 */
export async function identityKey(path: string): Promise<KeyPair> {
  try {
    return pairOf((await existing(path)) ?? (await make(path)));
  } catch (cause) {
    if (cause instanceof PerigeeError) throw cause;
    const cure =
      'Correct its permissions, or put back the key that was there; without it every phone must enrol again.';
    throw new PerigeeError(
      'data-dir-unusable',
      `the key in ${path} cannot be used: ${reasonOf(cause)}`,
      cure,
      { cause },
    );
  }
}

async function existing(path: string): Promise<KeyObject | undefined> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType !== 'x25519') throw new Error('it is no X25519 key');
    // A copy or a backup may have opened it to others.
    await chmod(path, MODE);
    return key;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written and synced before anyone sees it: a phone must not know a key that a power cut takes. */
async function make(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('x25519');
  const aside = `${path}.new`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(aside, { force: true });
  await using file = await open(aside, 'wx', MODE);
  await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await file.sync();
  await rename(aside, path);
  return privateKey;
}
