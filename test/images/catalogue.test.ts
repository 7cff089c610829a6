import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PerigeeError, type Image } from '../../src/domain/index.js';
import { FLAVOUR_FACTS, openCatalogue, parseManifest, qemuSpec, vmSpec } from '../../src/images/index.js';
import { BUILT_IMAGES, newRunId } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';

const KERNEL = 'not really a kernel';
const DIGEST = createHash('sha256').update(KERNEL).digest('hex');

function manifest(name: string, change = ''): string {
  return [
    `name: ${name}`,
    'version: 1.2.3',
    'flavour: perigee',
    'memoryMib: 4',
    `kernels: { x86_64: { file: kernel, sha256: ${DIGEST} } }`,
    change,
  ].join('\n');
}

function imageFolder(directory: string, name: string, text = manifest(name)): void {
  mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, name, 'image.yaml'), text);
  writeFileSync(join(directory, name, 'kernel'), KERNEL);
}

describe('a manifest', () => {
  const broken: readonly (readonly [why: string, text: string, message: RegExp])[] = [
    ['a key that no manifest has', manifest('a', 'memory: 4'), /memory/],
    ['no kernels', 'name: a\nversion: "1"\nflavour: perigee\nmemoryMib: 4', /neither kernels nor disks/],
    ['an unknown flavour', manifest('a').replace('perigee', 'plan9'), /flavour \(line 3\)/],
    ['no memory', manifest('a').replace('memoryMib: 4', 'memoryMib: 0'), /memoryMib \(line 4\)/],
    [
      'a kernel outside its folder',
      manifest('a').replace('file: kernel', 'file: ../kernel'),
      /kernels\.x86_64\.file/,
    ],
    ['a checksum that is none', manifest('a').replace(DIGEST, 'abc'), /sha256/],
    ['an unknown sensor', manifest('a', 'sensors: [camera]'), /sensors\.0/],
    ['a mood of a beacon', manifest('a', 'sensors: [beacon/porch/mood]'), /sensors\.0/],
    [
      'a sensor that is granted twice',
      manifest('a', 'sensors:\n  - load_1m\n  - cpu_busy\n  - load_1m'),
      /sensors\.2 \(line 9\): this sensor is granted twice/,
    ],
    [
      'more sensors than a guest takes',
      manifest('a', `sensors: [${'load_1m, '.repeat(17)}]`),
      /sensors \(line 6\): .*length/,
    ],
    ['arguments of several lines', manifest('a', 'args: "a\\nb"'), /args \(line 6\): must be one line/],
    ['a zero byte in its arguments', manifest('a', 'args: "a\\0b"'), /args \(line 6\): must be one line/],
    ['a sensor rate of zero', manifest('a', 'sensorRateHz: 0'), /sensorRateHz/],
    ['a network of its own choice', manifest('a', 'network: user'), /network \(line 6\)/],
    ['a network to keep', manifest('a', 'network: metrics\nafterRestart: adopt'), /ends with its gateway/],
    ['sensors that nothing could bring', manifest('a', 'sensors: [load_1m]\nmetrics: lines'), /no channel/],
    [
      'a disk of no format',
      manifest('a', `disks: { arm64: { file: d, sha256: ${DIGEST} } }`),
      /disks\.arm64\.format/,
    ],
    ['text that is no YAML', 'name: [', /syntax/],
  ];
  for (const [why, text, message] of broken) {
    it(`is refused for ${why}, naming the key`, () => {
      assert.throws(() => parseManifest(text, '/images/a'), failsWith('image-invalid', message));
    });
  }

  it('turns into an image with absolute kernel paths', () => {
    const image = parseManifest(manifest('a'), '/images/a');
    assert.deepEqual(image.boot, { x86_64: { kernel: { path: '/images/a/kernel', sha256: DIGEST } } });
    assert.equal(image.metrics, 'frames');
    assert.equal(image.timeLimitMs, undefined);
  });
});

describe('the catalogue', () => {
  const directory = tempFolder('images');
  imageFolder(directory, 'good');
  imageFolder(directory, 'broken', 'flavour: [');
  imageFolder(directory, 'misnamed', manifest('other'));
  mkdirSync(join(directory, 'empty'));
  const catalogue = openCatalogue(directory);

  it('lists what is good and names what is not', async () => {
    const { images, problems } = await catalogue.list();
    assert.deepEqual(
      images.map(({ name }) => name),
      ['good'],
    );
    assert.deepEqual(problems.map(({ folder }) => folder.split('/').pop()).sort(), [
      'broken',
      'empty',
      'misnamed',
    ]);
  });

  it('says which images there are when one is unknown', async () => {
    await assert.rejects(catalogue.get('nonesuch'), (error) => {
      failsWith('image-unknown', /no image "nonesuch"/)(error);
      assert.match(error instanceof PerigeeError ? error.cure : '', /good/);
      return true;
    });
  });

  it('refuses a name that leaves the folder', async () => {
    await assert.rejects(catalogue.get('../good'), failsWith('image-unknown', /no image name/));
  });

  it('gives the size of a kernel that is what the manifest says', async () => {
    assert.equal(await catalogue.verify(await catalogue.get('good'), 'x86_64'), KERNEL.length);
  });

  it('sees a manifest that was changed while the gateway runs', async () => {
    imageFolder(directory, 'edited');
    assert.equal((await catalogue.get('edited')).memoryMib, 4);
    imageFolder(directory, 'edited', manifest('edited').replace('memoryMib: 4', 'memoryMib: 8'));
    assert.equal((await catalogue.get('edited')).memoryMib, 8);
    imageFolder(directory, 'edited', 'name: [');
    await assert.rejects(catalogue.get('edited'), failsWith('image-invalid', /syntax/));
    rmSync(join(directory, 'edited'), { recursive: true });
    await assert.rejects(catalogue.get('edited'), failsWith('image-unknown', /edited/));
  });

  it('refuses a kernel that was changed by one byte, and one that is gone', async () => {
    imageFolder(directory, 'changed');
    const image = await catalogue.get('changed');
    appendFileSync(join(directory, 'changed', 'kernel'), 'x');
    await assert.rejects(catalogue.verify(image, 'x86_64'), failsWith('image-checksum', /sha256/));
    rmSync(join(directory, 'changed', 'kernel'));
    await assert.rejects(catalogue.verify(image, 'x86_64'), failsWith('image-invalid', /cannot read a file/));
  });

  it('checks a kernel of any length, and waits for nothing that is no file', async () => {
    imageFolder(directory, 'long');
    const path = join(directory, 'long', 'kernel');
    for (const bytes of [0, 64 * 1024, 64 * 1024 + 1, 1_000_000]) {
      const content = Buffer.alloc(bytes, 'perigee');
      writeFileSync(path, content);
      const digest = createHash('sha256').update(content).digest('hex');
      writeFileSync(join(directory, 'long', 'image.yaml'), manifest('long').replace(DIGEST, digest));
      assert.equal(await catalogue.verify(await catalogue.get('long'), 'x86_64'), bytes);
    }
    rmSync(path);
    execFileSync('mkfifo', [path]);
    await assert.rejects(
      catalogue.verify(await catalogue.get('long'), 'x86_64'),
      failsWith('image-invalid', /no regular file/),
    );
    rmSync(join(directory, 'long'), { recursive: true });
  });

  it('says what to do when the folder of images is not there', async () => {
    await assert.rejects(
      openCatalogue(join(directory, 'none')).list(),
      failsWith('image-invalid', /cannot read/),
    );
  });
});

describe('the catalogue with added images', () => {
  const folder = tempFolder('added');
  const [shipped, added] = [join(folder, 'shipped'), join(folder, 'data', 'images')];
  const blobs = join(added, '.blobs');
  for (const name of ['both', 'shipped']) imageFolder(shipped, name);
  const catalogue = openCatalogue(shipped, { added });

  function addedFolder(directory: string, name: string, text = manifest(name)): void {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, 'image.yaml'), text);
  }

  const names = async (): Promise<readonly string[]> =>
    (await catalogue.list()).images.map(({ name }) => name);

  it('needs none of them', async () => {
    assert.deepEqual(await names(), ['both', 'shipped']);
  });

  it('finds their files by checksum, so that two share one', async () => {
    for (const name of ['added', 'twin']) addedFolder(added, name);
    mkdirSync(blobs);
    writeFileSync(join(blobs, `sha256-${DIGEST}`), KERNEL);
    assert.deepEqual(await names(), ['added', 'both', 'shipped', 'twin']);
    for (const name of ['added', 'twin'])
      assert.equal(await catalogue.verify(await catalogue.get(name), 'x86_64'), KERNEL.length);
    writeFileSync(join(blobs, `sha256-${DIGEST}`), 'changed');
    await assert.rejects(
      catalogue.verify(await catalogue.get('added'), 'x86_64'),
      failsWith('image-checksum', /is not what its manifest says/),
    );
  });

  it('takes the added one of two of a name, and says so', async () => {
    assert.equal((await catalogue.entry('both')).added, false);
    addedFolder(added, 'both');
    assert.equal((await catalogue.entry('both')).added, true);
    assert.deepEqual(
      (await names()).filter((name) => name === 'both'),
      ['both'],
    );
  });

  it('does not hide one that is broken behind one that is shipped', async () => {
    addedFolder(added, 'shipped', 'name: [');
    await assert.rejects(catalogue.get('shipped'), failsWith('image-invalid', /syntax/));
  });

  it('shows nothing of what is being added, but knows its name', async () => {
    addedFolder(join(added, '.pending'), 'coming');
    assert.ok(!(await names()).includes('coming'));
    assert.equal((await catalogue.get('coming')).name, 'coming');
    await assert.rejects(catalogue.get('.pending'), failsWith('image-unknown', /no image name/));
  });
});

describe('the images that come with Perigee', () => {
  it('are all good, and built for every architecture', async () => {
    const catalogue = openCatalogue(BUILT_IMAGES);
    const { images, problems } = await catalogue.list();
    assert.deepEqual(problems, []);
    assert.deepEqual(
      images.map(({ name }) => name),
      ['hello', 'hostsense', 'netsense'],
    );
    for (const image of images) {
      for (const architecture of ['x86_64', 'arm64', 'armv7'] as const)
        await catalogue.verify(image, architecture);
    }
  });

  it('stay under 32 KiB on x86_64', async () => {
    const catalogue = openCatalogue(BUILT_IMAGES);
    for (const image of (await catalogue.list()).images) {
      assert.ok((await catalogue.verify(image, 'x86_64')) < 32 * 1024, image.name);
    }
  });
});

describe('a family', () => {
  const host = { architecture: 'arm64', accelerator: 'tcg' } as const;
  const imageOf = (flavour: string, rest: string): Image =>
    parseManifest(manifest('a', rest).replace('flavour: perigee', `flavour: ${flavour}`), '/images/a');
  const arm = `disks: { arm64: { file: disk, sha256: ${DIGEST}, format: raw } }`;

  it('that an architecture cannot run says why in one line', () => {
    for (const flavour of ['mirage', 'includeos', 'rumprun']) {
      const refused = failsWith('run-refused', /cannot run on arm64: (its|it) /);
      assert.throws(() => vmSpec(imageOf(flavour, arm), '', newRunId(), host), refused, flavour);
    }
  });

  it('says for every architecture either how it runs there or why it cannot', () => {
    for (const [flavour, { machines, cannot }] of Object.entries(FLAVOUR_FACTS)) {
      for (const architecture of ['x86_64', 'arm64', 'armv7'] as const) {
        const [runs, why] = [machines[architecture] !== undefined, cannot[architecture] !== undefined];
        assert.notEqual(runs, why, `${flavour} on ${architecture}`);
      }
    }
  });

  it('gets its arguments the way it takes them', () => {
    const x86 = { architecture: 'x86_64', accelerator: 'tcg' } as const;
    const argsOf = (flavour: string, rest = ''): unknown => {
      const { args, boot } = qemuSpec(imageOf(flavour, rest), 'a=1,2', newRunId(), x86);
      return [args, boot.initrdArgs];
    };
    assert.deepEqual(argsOf('unikraft'), ['a=1,2', undefined]);
    assert.deepEqual(argsOf('mirage'), ['a=1,2', undefined]);
    const initrd = `initrds: { x86_64: { file: service, sha256: ${DIGEST} } }`;
    assert.deepEqual(argsOf('includeos', initrd), [undefined, 'a=1,2']);
    assert.deepEqual(argsOf('nanos'), [undefined, undefined]);
  });
});

describe('a VM specification', () => {
  const image = parseManifest(manifest('a', 'args: one'), '/images/a');
  const host = { architecture: 'x86_64', accelerator: 'tcg' } as const;

  it('puts the arguments of the request behind those of the manifest', () => {
    assert.equal(vmSpec(image, 'two', newRunId(), host).args, 'one two');
  });

  it('looks for QEMU in the configured folder', () => {
    const spec = vmSpec(image, '', newRunId(), { ...host, qemuDirectory: '/opt/qemu' });
    assert.equal(spec.program, '/opt/qemu/qemu-system-x86_64');
  });

  it('is refused on an architecture that the image has no kernel for', () => {
    const refused = failsWith('run-refused', /cannot run on arm64: it is built for x86_64/);
    assert.throws(() => vmSpec(image, '', newRunId(), { ...host, architecture: 'arm64' }), refused);
  });
});
