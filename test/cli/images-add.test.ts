import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import type { RunRecord } from '../../src/domain/index.js';
import { BUILT_IMAGES, PACKAGE_ROOT, hostArchitecture } from '../../src/platform/index.js';
import { elfFile, rawDisk } from '../images/support-files.js';
import { lastLine, perigee } from '../support/command.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('images-add');
const KERNEL = join(BUILT_IMAGES, 'hello', `kernel-${hostArchitecture()}.elf`);

/** What is in the list, of those that were added. */
async function added(data: string): Promise<readonly string[]> {
  const { stdout } = await perigee(['images', 'ls', '--json', '--data', data]);
  const { images } = JSON.parse(lastLine(stdout)) as { images: { name: string; added: boolean }[] };
  return images.filter((image) => image.added).map(({ name }) => name);
}

const blobs = (data: string): readonly string[] => readdirSync(join(data, 'images', '.blobs'));

describe('perigee images add', () => {
  it('adds a kernel of ours with nothing said, once it has booted, and says what it saw', async () => {
    const data = join(folder, 'ours');
    const { status, stdout } = await perigee(['images', 'add', KERNEL, '--name', 'mine', '--data', data]);
    assert.equal(status, 0);
    assert.match(stdout, /flavour +perigee, because its ELF note says Perigee/);
    assert.match(stdout, /phases .*ready [\d.]+ ms/);
    assert.match(stdout, /first line +perigee hello/);
    assert.match(stdout, /first metric +guest_boot\{image="mine"\}/);
    assert.deepEqual(await added(data), ['mine']);
    const run = await perigee(['run', 'mine', '--json', '--data', data]);
    assert.equal((JSON.parse(lastLine(run.stdout)) as RunRecord).image, 'mine');
    const removed = await perigee(['images', 'rm', 'mine', '--data', data]);
    assert.match(removed.stdout, /Removed mine/);
    assert.deepEqual([await added(data), blobs(data)], [[], []]);
  });

  it('adds a folder with a manifest as it is, byte for byte', async () => {
    const data = join(folder, 'whole');
    const copy = join(folder, 'copy');
    cpSync(join(BUILT_IMAGES, 'hello'), copy, { recursive: true });
    const manifest = readFileSync(join(copy, 'image.yaml'), 'utf8').replace('name: hello', 'name: copied');
    writeFileSync(join(copy, 'image.yaml'), manifest);
    assert.equal((await perigee(['images', 'add', copy, '--data', data])).status, 0);
    assert.equal(readFileSync(join(data, 'images', 'copied', 'image.yaml'), 'utf8'), manifest);
    assert.equal(blobs(data).length, 3);
    const said = await perigee(['images', 'add', copy, '--memory', '8', '--data', data]);
    assert.equal(said.status, 2);
    assert.match(said.stderr, /has a manifest of its own/);
  });

  it('adds a folder whose manifest leaves the files out, as our own sources do', async () => {
    const data = join(folder, 'source');
    const source = join(folder, 'sourced');
    mkdirSync(source);
    cpSync(KERNEL, join(source, 'kernel'));
    const manifest = readFileSync(join(PACKAGE_ROOT, 'images', 'hello', 'image.yaml'), 'utf8');
    writeFileSync(join(source, 'image.yaml'), manifest.replace('name: hello', 'name: sourced'));
    const { stdout } = await perigee(['images', 'add', source, '--json', '--data', data]);
    const { boot, flavour } = JSON.parse(lastLine(stdout)) as { boot: { ok: boolean }; flavour: string };
    assert.deepEqual([boot.ok, flavour], [true, 'perigee']);
  });

  it('takes a manifest in whatever style of YAML', async () => {
    const data = join(folder, 'styled');
    const styled = join(folder, 'flow');
    cpSync(join(BUILT_IMAGES, 'hello'), styled, { recursive: true });
    const { kernels, ...rest } = parse(readFileSync(join(styled, 'image.yaml'), 'utf8')) as Record<
      string,
      unknown
    >;
    writeFileSync(join(styled, 'image.yaml'), JSON.stringify({ ...rest, name: 'styled', kernels }));
    assert.equal((await perigee(['images', 'add', styled, '--data', data])).status, 0);
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    cpSync(KERNEL, join(bare, 'kernel'));
    writeFileSync(join(bare, 'image.yaml'), JSON.stringify({ ...rest, name: 'bare' }));
    const { status, stderr } = await perigee(['images', 'add', bare, '--data', data]);
    assert.equal(status, 11);
    assert.match(stderr, /names no files/);
  });

  it('keeps nothing of one that does not boot, unless it is told to', async () => {
    const data = join(folder, 'failing');
    const failing = ['images', 'add', KERNEL, '--name', 'dies', '--args', 'fault=die', '--data', data];
    const { status, stdout, stderr } = await perigee(failing);
    assert.equal(status, 15);
    assert.match(stdout, /end +crashed: panic: /);
    assert.match(
      stderr,
      /dies was not added: it crashed: .*\n {2}See what it printed: perigee logs --data \S+ [0-9a-f]{16}/,
    );
    assert.deepEqual([await added(data), blobs(data)], [[], []]);
    const kept = await perigee([...failing, '--keep']);
    assert.equal(kept.status, 0);
    assert.match(kept.stdout, /Added dies, although it did not boot well/);
    assert.deepEqual(await added(data), ['dies']);
  });

  it('replaces one of the same name where it is told to, once the new one has booted', async () => {
    const data = join(folder, 'replaced');
    const add = (...more: readonly string[]): ReturnType<typeof perigee> =>
      perigee(['images', 'add', KERNEL, '--name', 'mine', '--data', data, ...more]);
    const memory = async (): Promise<number> => {
      const { stdout } = await perigee(['images', 'show', 'mine', '--json', '--data', data]);
      return (JSON.parse(lastLine(stdout)) as { memoryMib: number }).memoryMib;
    };
    await add('--memory', '4');
    const refused = await add('--memory', '5');
    assert.equal(refused.status, 23);
    assert.match(refused.stderr, /there is an image mine already\n {2}Give another --name, or .*--replace/);
    const failed = await add('--memory', '5', '--args', 'fault=die', '--replace');
    assert.deepEqual([failed.status, await memory()], [15, 4]);
    const { status, stdout } = await add('--memory', '5', '--replace');
    assert.equal(status, 0);
    assert.match(stdout, /Replaced mine\..*\nRuns of the one before go on/);
    assert.equal(await memory(), 5);
    const shipped = await perigee(['images', 'add', KERNEL, '--name', 'hello', '--replace', '--data', data]);
    assert.equal(shipped.status, 23);
    assert.match(shipped.stderr, /there is an image hello already\n {2}Give another --name\.\n/);
  });

  it('says that the board lacks something, where it does', async () => {
    const nowhere = [
      '--set',
      `runner.qemuDirectory=${join(folder, 'nowhere')}`,
      '--data',
      join(folder, 'lacking'),
    ];
    const { status, stderr } = await perigee(['images', 'add', KERNEL, '--name', 'mine', ...nowhere]);
    assert.equal(status, 16);
    assert.match(
      stderr,
      /mine was not added: it could not start: .*not installed.*\n {2}See what is missing/,
    );
  });

  it('says what a guest needs that runs, and never says that it is ready', async () => {
    const silent = ['--args', 'fault=silent', '--ready-within', '1s', '--name', 'silent'];
    const { status, stderr } = await perigee([
      'images',
      'add',
      KERNEL,
      ...silent,
      '--data',
      join(folder, 'silent'),
    ]);
    assert.equal(status, 15);
    assert.match(stderr, /sent no metric in time\n {2}Say with --ready-text what it prints/);
  });

  it('refuses, with one line and what to do, what this board cannot run', async () => {
    const data = join(folder, 'refused');
    const files = join(folder, 'files');
    mkdirSync(files);
    const file = (name: string, content: Uint8Array): string => {
      writeFileSync(join(files, name), content);
      return join(files, name);
    };
    const other = hostArchitecture() === 'arm64' ? 'x86_64' : 'arm64';
    const cases: readonly (readonly [status: number, text: RegExp, args: readonly string[]])[] = [
      [
        11,
        /disk\.img is a disk .*starts from a kernel/,
        [file('disk.img', rawDisk(0x83)), '--flavour', 'unikraft'],
      ],
      [11, /is for .*, and this board is/, [join(BUILT_IMAGES, 'hello', `kernel-${other}.elf`)]],
      [11, /asks for 65536 MiB, and this board has/, [KERNEL, '--memory', '65536']],
      [11, /cannot read .*none/, [join(files, 'none')]],
      [11, /it is empty/, [file('empty', new Uint8Array())]],
      [11, /neither a multiboot header/, [file('program', elfFile({ machine: 62 }))]],
      [11, /which family/, [file('plain', elfFile({ machine: 62, multibootFlags: 0x10003 }))]],
      [2, /--args.*at most 160 characters/, [KERNEL, '--args', 'x'.repeat(161)]],
      [2, /--description.*1 to 500 characters/, [KERNEL, '--description', 'x'.repeat(501)]],
      [2, /--ready-text.*1 to 100 characters; this has 0/, [KERNEL, '--ready-text', '']],
      [2, /--ready-within.*7 days at most/, [KERNEL, '--ready-within', '8d']],
      [2, /Give a whole number from 1 to 65536/, [KERNEL, '--memory', 'much']],
      [2, /Allowed choices are perigee/, [KERNEL, '--flavour', 'plan9']],
      [23, /there is an image hello already/, [KERNEL, '--name', 'hello']],
    ];
    for (const [expected, text, args] of cases) {
      const { status, stderr } = await perigee(['images', 'add', ...args, '--data', data]);
      assert.equal(status, expected, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, text);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
    rmSync(files, { recursive: true });
  });
});

describe('images of a gateway that runs', () => {
  it('are verified by it, run at once, and stay while a run of them goes on', async () => {
    await using gateway = await startGatewayProcess({
      'radio.mode': 'off',
      'web.enabled': 'false',
      keepRunning: '[]',
    });
    const data = ['--data', gateway.directory];
    const stay = ['images', 'add', KERNEL, '--name', 'stays', '--args', 'stay=1', '--json', ...data];
    const { boot } = JSON.parse(lastLine((await perigee(stay)).stdout)) as { boot: { run: RunRecord } };
    const runs = await gateway.control.runs(10);
    assert.deepEqual(
      runs.map(({ id }) => id),
      [boot.run.id],
    );
    const { id } = JSON.parse(
      lastLine((await perigee(['run', 'stays', '--json', ...data])).stdout),
    ) as RunRecord;
    const refused = await perigee(['images', 'rm', 'stays', ...data]);
    assert.equal(refused.status, 23);
    assert.match(
      refused.stderr,
      new RegExp(`run ${id} of stays goes on\\n {2}Stop it first: perigee stop --data \\S+ ${id}`),
    );
    await perigee(['stop', id, ...data]);
    await perigee(['schedule', 'add', 'dawn', 'stays', '--cron', '0 6 * * *', ...data]);
    const remove = ['images', 'rm', 'stays', ...data];
    const wanted = await perigee([
      ...remove,
      '--set',
      'keepRunning=[stays]',
      '--set',
      'runner.warm={stays: 1}',
    ]);
    assert.equal(wanted.status, 23);
    assert.match(
      wanted.stderr,
      /stays is still wanted: keepRunning names it, runner.warm keeps it ready, schedule dawn starts it\n.*--force/,
    );
    assert.equal((await perigee(remove)).status, 23);
    await perigee(['schedule', 'rm', 'dawn', ...data]);
    assert.equal((await perigee(['images', 'rm', 'stays', ...data])).status, 0);
    assert.deepEqual(await added(gateway.directory), []);
  });

  it('stay while a schedule of a gateway names them that does not run, unless they are forced out', async () => {
    const data = join(folder, 'asleep');
    const gateway = await startGatewayProcess(
      { 'radio.mode': 'off', 'web.enabled': 'false', keepRunning: '[]' },
      data,
    );
    await perigee(['images', 'add', KERNEL, '--name', 'mine', '--data', data]);
    await perigee(['schedule', 'add', 'dawn', 'mine', '--cron', '0 6 * * *', '--data', data]);
    process.kill(gateway.processId, 'SIGKILL');
    await gateway.exited;
    const refused = await perigee(['images', 'rm', 'mine', '--data', data]);
    assert.equal(refused.status, 23);
    assert.match(refused.stderr, /mine is still wanted: schedule dawn starts it\n/);
    assert.equal((await perigee(['images', 'rm', 'mine', '--force', '--data', data])).status, 0);
    assert.deepEqual(await added(data), []);
  });
});
