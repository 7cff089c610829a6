import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { portableCurve } from '@perigee/gatt';
import { identityKey, nodeCurve } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('identity');

describe("the gateway's key", () => {
  it('is made once, for its owner alone, and is the same from then on', async () => {
    const path = join(folder, 'made', 'identity.pem');
    const first = await identityKey(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(folder, 'made')), ['identity.pem']);
    chmodSync(path, 0o644);
    assert.deepEqual(await identityKey(path), first);
    assert.equal(statSync(path).mode & 0o777, 0o600, 'and closed again');
  });

  for (const [what, text] of [
    ['is empty', ''],
    ['is no key', 'hello'],
    [
      'is a key of another kind',
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n',
    ],
  ] as const) {
    it(`is not replaced when its file ${what}`, async () => {
      const path = join(folder, 'broken.pem');
      writeFileSync(path, text);
      await assert.rejects(identityKey(path), failsWith('data-dir-unusable', /cannot be used/));
      assert.equal(readFileSync(path, 'utf8'), text);
    });
  }
});

describe("OpenSSL's X25519", () => {
  it('makes the same of two keys as the portable one', () => {
    const [a, b] = [nodeCurve.generate(), portableCurve.generate()];
    assert.deepEqual(nodeCurve.keyPairOf(b.secretKey), b);
    const shared = nodeCurve.sharedSecret(a.secretKey, b.publicKey);
    assert.deepEqual(shared, portableCurve.sharedSecret(b.secretKey, a.publicKey));
    assert.equal(shared?.length, 32);
  });

  it('refuses keys that make the same of every secret, as the portable one does', () => {
    const { secretKey } = nodeCurve.generate();
    for (const low of [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1)]) {
      assert.equal(nodeCurve.sharedSecret(secretKey, low), undefined);
      assert.equal(portableCurve.sharedSecret(secretKey, low), undefined);
    }
  });
});
