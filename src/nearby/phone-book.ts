import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import type { Curve25519, KeyPair } from '@perigee/gatt';
import { PerigeeError, reasonOf } from '../domain/index.js';

const hexKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const knownGateway = v.object({
  /** Its public key, hexadecimal. */
  key: hexKey,
  gatewayId: v.string(),
  /** What it advertises. */
  name: v.string(),
  /** Who this phone is there. */
  as: v.string(),
});
export type KnownGateway = v.InferOutput<typeof knownGateway>;

const book = v.object({ secretKey: hexKey, gateways: v.array(knownGateway) });

/** What a phone keeps: its own key, and the gateways at which it has enrolled. For its owner alone. */
export class PhoneBook {
  readonly #path: string;
  readonly keys: KeyPair;
  #gateways: readonly KnownGateway[];

  private constructor(path: string, keys: KeyPair, gateways: readonly KnownGateway[]) {
    this.#path = path;
    this.keys = keys;
    this.#gateways = gateways;
  }

  /** A phone that is new makes its key. @throws PerigeeError `data-dir-unusable`. */
  static async open(path: string, curve: Curve25519): Promise<PhoneBook> {
    try {
      const found = v.parse(book, JSON.parse(await readFile(path, 'utf8')));
      return new PhoneBook(path, curve.keyPairOf(unhex(found.secretKey)), found.gateways);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
        return new PhoneBook(path, curve.generate(), []);
      const cure = 'Correct it, or remove it and enrol again.';
      throw new PerigeeError('data-dir-unusable', `${path} cannot be read: ${reasonOf(cause)}`, cure, {
        cause,
      });
    }
  }

  get gateways(): readonly KnownGateway[] {
    return this.#gateways;
  }

  /** Also the key is kept from now on. */
  async add(gateway: KnownGateway): Promise<void> {
    this.#gateways = [...this.#gateways.filter(({ key }) => key !== gateway.key), gateway];
    const secretKey = Buffer.from(this.keys.secretKey).toString('hex');
    const aside = `${this.#path}.new`;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await writeFile(aside, `${JSON.stringify({ secretKey, gateways: this.#gateways }, null, 2)}\n`, {
      mode: 0o600,
    });
    await rename(aside, this.#path);
  }
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
