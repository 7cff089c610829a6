import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openCatalogue, signManifest, signatureState, signingKey, trustOf } from '../../src/images/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('signature');
const maker = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const pemOf = (key: KeyObject): string =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();

const MANIFEST = Buffer.from('name: a\n');
const TRUSTED = [stranger.publicKey, maker.publicKey];

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('a signature of an image', () => {
  it('is Ed25519 over one line with the checksum of the manifest, as the documentation says', () => {
    const digest = createHash('sha256').update(MANIFEST).digest('hex');
    const byHand = sign(null, Buffer.from(`perigee-image-v1 ${digest}\n`), maker.privateKey);
    assert.equal(signManifest(MANIFEST, maker.privateKey), `${byHand.toString('base64')}\n`);
  });

  it('counts if any of the trusted keys made it, and for that manifest only', () => {
    const signature = signManifest(MANIFEST, maker.privateKey);
    assert.equal(signatureState(MANIFEST, signature, TRUSTED), 'trusted');
    assert.equal(signatureState(MANIFEST, signature.trim(), TRUSTED), 'trusted');
    assert.equal(signatureState(MANIFEST, signature, [stranger.publicKey]), 'unknown-key');
    assert.equal(signatureState(MANIFEST, signature, []), 'unknown-key');
    for (let at = 0; at < MANIFEST.length; at += 1) {
      const changed = Buffer.from(MANIFEST);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(signatureState(changed, signature, TRUSTED), 'unknown-key');
    }
  });

  it('that is cut, long, or something else is none', () => {
    const signature = signManifest(MANIFEST, maker.privateKey);
    assert.equal(signatureState(MANIFEST, undefined, TRUSTED), 'absent');
    for (const bad of [
      '',
      'x',
      signature.slice(0, -9),
      `AAAA${signature}`,
      `${signature}x`,
      '\0'.repeat(88),
    ]) {
      assert.equal(signatureState(MANIFEST, bad, TRUSTED), 'malformed', JSON.stringify(bad));
    }
  });
});

describe('keys to trust', () => {
  it('are PEM, or files of it', () => {
    const path = file('maker.pub', pemOf(maker.publicKey));
    const trust = trustOf({ requireSignature: true, trustedKeys: [pemOf(stranger.publicKey), path] });
    assert.equal(
      signatureState(MANIFEST, signManifest(MANIFEST, maker.privateKey), trust?.keys ?? []),
      'trusted',
    );
  });

  it('are not asked for unless signatures are, but must be keys', () => {
    assert.equal(trustOf({ requireSignature: false, trustedKeys: [] }), undefined);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const wrong: readonly (readonly [key: string, message: RegExp])[] = [
      [join(folder, 'none'), /trustedKeys\.0 is no key to trust: ENOENT/],
      [file('text', 'no key'), /cannot be read as PEM/],
      [pemOf(rsa.publicKey), /a key of the kind rsa/],
      [pemOf(maker.privateKey), /a private key/],
    ];
    for (const [key, message] of wrong) {
      for (const requireSignature of [false, true]) {
        assert.throws(() => trustOf({ requireSignature, trustedKeys: [key] }), failsWith('config', message));
      }
    }
  });

  it('must be there where signatures are required, since nothing could run', () => {
    const none = (): unknown => trustOf({ requireSignature: true, trustedKeys: [] });
    assert.throws(none, failsWith('config', /no key is trusted/));
  });
});

describe('a key to sign with', () => {
  it('is an Ed25519 private key that needs no password', () => {
    const path = file('maker.pem', pemOf(maker.privateKey));
    assert.equal(signManifest(MANIFEST, signingKey(path)), signManifest(MANIFEST, maker.privateKey));
    const locked = maker.privateKey.export({
      ...{ type: 'pkcs8', format: 'pem' },
      ...{ cipher: 'aes-256-cbc', passphrase: 'secret' },
    });
    const wrong: readonly (readonly [path: string, message: RegExp])[] = [
      [join(folder, 'none'), /no key to sign with: ENOENT/],
      [file('public', pemOf(maker.publicKey)), /cannot be read as PEM/],
      [file('locked', locked.toString()), /it is encrypted/],
      [file('rsa', pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)), /of the kind rsa/],
    ];
    for (const [bad, message] of wrong) assert.throws(() => signingKey(bad), failsWith('usage', message));
  });
});

describe('a catalogue that requires signatures', () => {
  const directory = join(folder, 'images');
  const manifestOf = (name: string): string =>
    `name: ${name}\nversion: "1"\nflavour: raw\nmemoryMib: 4\nkernels: { x86_64: { file: k, sha256: ${'a'.repeat(64)} } }\n`;
  const place = (name: string): string => join(directory, name);

  function image(name: string, key?: KeyObject): void {
    mkdirSync(place(name), { recursive: true });
    writeFileSync(join(place(name), 'image.yaml'), manifestOf(name));
    if (key) writeFileSync(join(place(name), 'image.sig'), signManifest(Buffer.from(manifestOf(name)), key));
  }

  const catalogue = openCatalogue(directory, { trust: { keys: [maker.publicKey] } });

  it('has only those that a trusted key signed, and says what is wrong with the others', async () => {
    image('good', maker.privateKey);
    image('bare');
    image('strange', stranger.privateKey);
    const { images, problems } = await catalogue.list();
    assert.deepEqual(
      images.map(({ name }) => name),
      ['good'],
    );
    assert.deepEqual(
      problems.map(({ error }) => error.code),
      ['image-untrusted', 'image-untrusted'],
    );
    await assert.rejects(catalogue.get('bare'), failsWith('image-untrusted', /image bare is not signed/));
    await assert.rejects(catalogue.get('strange'), failsWith('image-untrusted', /by no trusted key/));
  });

  it('sees a manifest that changes, and a signature that comes or goes', async () => {
    image('edited', maker.privateKey);
    assert.equal((await catalogue.get('edited')).memoryMib, 4);
    appendFileSync(join(place('edited'), 'image.yaml'), '# harmless\n');
    await assert.rejects(catalogue.get('edited'), failsWith('image-untrusted', /was changed since/));
    image('edited', maker.privateKey);
    assert.equal((await catalogue.get('edited')).name, 'edited');
    rmSync(join(place('edited'), 'image.sig'));
    await assert.rejects(catalogue.get('edited'), failsWith('image-untrusted', /is not signed/));
  });

  it('does not take the signature of another image', async () => {
    image('borrowed');
    writeFileSync(
      join(place('borrowed'), 'image.sig'),
      signManifest(Buffer.from(manifestOf('good')), maker.privateKey),
    );
    await assert.rejects(catalogue.get('borrowed'), failsWith('image-untrusted', /by no trusted key/));
  });

  it('is one that asks for none, without that', async () => {
    assert.equal((await openCatalogue(directory).get('bare')).name, 'bare');
  });
});
