import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PerigeeError, reasonOf } from '../domain/index.js';

/** Whose signatures count. Where it is given, nothing else runs. */
export interface Trust {
  readonly keys: readonly KeyObject[];
}

/**
 * What is signed: one line with the checksum of the manifest, as it lies on the disk. The manifest has the checksums
 * of all files, so that neither it nor they can be changed. docs/images.md makes it with openssl.
 */
function signedLine(manifest: Uint8Array): Buffer {
  const digest = createHash('sha256').update(manifest).digest('hex');
  return Buffer.from(`perigee-image-v1 ${digest}\n`, 'latin1');
}

const SIGNATURE_BYTES = 64;
/** Base64 of 64 bytes; a line end may follow. */
const SIGNATURE = /^[A-Za-z0-9+/]{86}==\s*$/;

/** The text of a signature file. */
export function signManifest(manifest: Uint8Array, key: KeyObject): string {
  return `${sign(null, signedLine(manifest), key).toString('base64')}\n`;
}

export type SignatureState = 'trusted' | 'unknown-key' | 'malformed' | 'absent';

/** Whose it is, of the keys that are trusted; a changed manifest is signed by nobody. */
export function signatureState(
  manifest: Uint8Array,
  signature: string | undefined,
  keys: readonly KeyObject[],
): SignatureState {
  if (signature === undefined) return 'absent';
  if (!SIGNATURE.test(signature)) return 'malformed';
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length !== SIGNATURE_BYTES) return 'malformed';
  const line = signedLine(manifest);
  return keys.some((key) => verify(null, line, key, bytes)) ? 'trusted' : 'unknown-key';
}

const WHY: Readonly<Record<Exclude<SignatureState, 'trusted'>, string>> = {
  absent: 'is not signed',
  malformed: 'has a signature that is none: a line of base64 was expected',
  'unknown-key': 'is signed by no trusted key, or was changed since it was signed',
};

/** @throws PerigeeError `image-untrusted`. */
export function needTrusted(
  name: string,
  manifest: Uint8Array,
  signature: string | undefined,
  { keys }: Trust,
): void {
  const state = signatureState(manifest, signature, keys);
  if (state === 'trusted') return;
  const cure = `Sign it with a key of images.trustedKeys: perigee images sign ${name} --key FILE`;
  throw new PerigeeError('image-untrusted', `image ${name} ${WHY[state]}`, cure);
}

/**
 * Undefined where signatures are not asked for; keys that are wrong are told all the same.
 * @throws PerigeeError `config`.
 */
export function trustOf(settings: {
  readonly requireSignature: boolean;
  readonly trustedKeys: readonly string[];
}): Trust | undefined {
  const keys = settings.trustedKeys.map(trustedKey);
  if (!settings.requireSignature) return undefined;
  if (keys.length > 0) return { keys };
  const cure = 'Give images.trustedKeys, or drop images.requireSignature.';
  throw new PerigeeError('config', 'signatures are required, and no key is trusted: nothing could run', cure);
}

/** A PEM text, or a file of one. @throws PerigeeError `config`, naming its place in the list. */
export function trustedKey(pemOrFile: string, index: number): KeyObject {
  const where = `images.trustedKeys.${index}`;
  const pem = pemOrFile.startsWith('-----BEGIN')
    ? pemOrFile
    : readPem(pemOrFile, (why) => badKey(where, why));
  // Node makes a public key of it, but it has no business on a board.
  if (pem.includes('PRIVATE KEY')) throw badKey(where, 'a private key: it belongs to whoever signs');
  const key = parsed(
    () => createPublicKey(pem),
    (why) => badKey(where, why),
  );
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw badKey(where, `a key of the kind ${key.asymmetricKeyType ?? 'unknown'}`);
}

function badKey(where: string, why: string): PerigeeError {
  const cure = 'Give an Ed25519 public key as PEM, or its file: openssl pkey -in key.pem -pubout';
  return new PerigeeError('config', `${where} is no key to trust: ${why}`, cure);
}

/** @throws PerigeeError `usage`. */
export function signingKey(file: string): KeyObject {
  const fail = (why: string): PerigeeError => {
    const cure = 'Give an Ed25519 private key as PEM: openssl genpkey -algorithm ed25519 -out key.pem';
    return new PerigeeError('usage', `${file} is no key to sign with: ${why}`, cure);
  };
  const pem = readPem(file, fail);
  if (pem.includes('ENCRYPTED')) throw fail('it is encrypted, and nobody is asked for a password');
  const key = parsed(() => createPrivateKey(pem), fail);
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw fail(`it is of the kind ${key.asymmetricKeyType ?? 'unknown'}`);
}

/** By which people compare keys: `openssl pkey -pubin -outform DER | sha256sum`. */
export function fingerprint(key: KeyObject): string {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** Synchronous, as all of the configuration is read. */
function readPem(file: string, fail: (why: string) => PerigeeError): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fail(reasonOf(error));
  }
}

function parsed(parse: () => KeyObject, fail: (why: string) => PerigeeError): KeyObject {
  try {
    return parse();
  } catch {
    // OpenSSL's own words help nobody.
    throw fail('it cannot be read as PEM');
  }
}
