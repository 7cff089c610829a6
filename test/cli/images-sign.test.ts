import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BUILT_IMAGES, hostArchitecture } from '../../src/platform/index.js';
import { lastLine, perigee } from '../support/command.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('images-sign');
const KERNEL = join(BUILT_IMAGES, 'hello', `kernel-${hostArchitecture()}.elf`);
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const [key, trusted, config] = ['maker.pem', 'maker.pub', 'board.yaml'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
writeFileSync(trusted, publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(config, `images:\n  requireSignature: true\n  trustedKeys: [${trusted}]\n`);

describe('a board that requires signatures', () => {
  const data = ['--data', join(folder, 'data')];
  const strict = [...data, '--config', config];

  it('adds and runs what a trusted key signed', async () => {
    const add = await perigee(['images', 'add', KERNEL, '--name', 'signed', '--key', key, ...strict]);
    assert.equal(add.status, 0, add.stderr);
    assert.equal((await perigee(['run', 'signed', ...strict])).status, 0);
  });

  it('neither adds nor runs anything else, what comes with it included', async () => {
    const add = await perigee(['images', 'add', KERNEL, '--name', 'bare', ...strict]);
    assert.equal(add.status, 24);
    assert.match(add.stderr, /image bare is not signed\n {2}Sign it/);
    assert.equal((await perigee(['images', 'show', 'bare', ...data])).status, 10);
    const run = await perigee(['run', 'hello', ...strict]);
    assert.equal(run.status, 24);
    assert.match(
      run.stderr,
      /image hello is not signed\n {2}Sign it .*: perigee images sign --data \S+ hello --key FILE/,
    );
  });

  it('says in doctor what is not signed, what that means for KVM, and what to do', async () => {
    const { stdout } = await perigee(['doctor', '--json', ...strict]);
    const findings = JSON.parse(lastLine(stdout)) as {
      name: string;
      verdict: string;
      text: string;
      cure: string;
    }[];
    const sign = `perigee images sign ${data.join(' ')} hello --key FILE`;
    const cure = `Sign it with a key of images.trustedKeys: ${sign}`;
    const images = findings.filter(({ name }) => name === 'Images');
    assert.ok(images.some(({ verdict, text }) => verdict === 'ok' && text.startsWith('signed; ')));
    assert.deepEqual(
      images.find(({ text }) => text.includes('hello')),
      { name: 'Images', verdict: 'note', text: 'image hello is not signed', cure },
    );
    const accelerator = findings.find(({ name }) => name === 'Accelerator');
    if (accelerator?.text.includes('/dev/kvm')) return;
    assert.equal(accelerator?.text, 'tcg: KVM could not be tried: image hello is not signed');
    assert.equal(accelerator.cure, cure);
  });

  it('shows whose a signature is, and runs an image again once its changes are signed', async () => {
    appendFileSync(join(folder, 'data', 'images', 'signed', 'image.yaml'), '# changed\n');
    assert.equal((await perigee(['run', 'signed', ...strict])).status, 24);
    const shown = await perigee(['images', 'show', 'signed', ...strict]);
    assert.match(shown.stdout, /signature +of no trusted key, or of another content/);
    const sign = await perigee(['images', 'sign', 'signed', '--key', key, '--json', ...strict]);
    const { trusted: isTrusted } = JSON.parse(lastLine(sign.stdout)) as { trusted: boolean };
    assert.equal(isTrusted, true);
    assert.equal((await perigee(['run', 'signed', ...strict])).status, 0);
    const strange = await perigee(['images', 'sign', 'signed', '--key', key, ...data]);
    assert.match(strange.stderr, /This board does not trust that key/);
  });

  it('takes a folder that its maker signed, and signs nothing that is not whole', async () => {
    const images = join(folder, 'shelf');
    const image = join(images, 'sealed');
    cpSync(join(BUILT_IMAGES, 'hello'), image, { recursive: true });
    const text = readFileSync(join(image, 'image.yaml'), 'utf8');
    writeFileSync(join(image, 'image.yaml'), text.replace('name: hello', 'name: sealed'));
    const shelf = ['--set', `imagesDirectory=${images}`, '--data', join(folder, 'maker')];
    assert.equal((await perigee(['images', 'sign', 'sealed', '--key', key, ...shelf])).status, 0);
    assert.equal((await perigee(['images', 'add', image, ...strict])).status, 0);
    appendFileSync(join(image, 'kernel-armv7.elf'), 'x');
    assert.equal((await perigee(['images', 'sign', 'sealed', '--key', key, ...shelf])).status, 12);
  });
});
