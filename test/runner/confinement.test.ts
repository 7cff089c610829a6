import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RunRecord } from '../../src/domain/index.js';
import { QEMU_PROGRAMS } from '../../src/images/index.js';
import { hostArchitecture } from '../../src/platform/index.js';
import { mirageFolder, solo5Image } from '../images/support-solo5.js';
import { memoryGroup } from '../support/memory-group.js';
import { tempFolder } from '../support/temp.js';
import { changedImage, eventually, runToEnd, until, workshop } from './support-runner.js';
import type { Workshop, WorkshopOptions } from './support-runner.js';

const ROOT = { skip: process.getuid?.() !== 0 && 'only root starts processes as others' };

function opened(options: Partial<WorkshopOptions> = {}): Workshop & { readonly folder: string } {
  const folder = tempFolder('confined');
  const made = { ...workshop({ folder, ...options }), folder };
  after(() => made.runner[Symbol.asyncDispose]());
  return made;
}

async function started({ runner }: Workshop, image = 'hello'): Promise<number> {
  const run = await until(runner, image, 'stay=1', (news) => news.kind === 'report');
  return run.processId ?? assert.fail('a process id');
}

const proc = (processId: number, file: string): string =>
  readFileSync(`/proc/${processId}/${file}`, 'latin1');

function status(processId: number, field: string): string {
  return new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(proc(processId, 'status'))?.[1]?.trim() ?? '';
}

const uidOf = (processId: number): number => Number(status(processId, 'Uid').split('\t')[0]);

/** Soft and hard. */
function limit(processId: number, name: string): string {
  return new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(proc(processId, 'limits'))?.slice(1).join() ?? '';
}

const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

describe('a guest under a gateway that is root', ROOT, () => {
  it('has a user of its own, no group, no capability, and a filter of system calls', async () => {
    const made = opened();
    const [one, two] = [await started(made), await started(made)];
    for (const processId of [one, two]) {
      assert.ok(uidOf(processId) >= 65_536);
      assert.deepEqual(
        ['Groups', 'CapEff', 'NoNewPrivs', 'Seccomp'].map((field) => status(processId, field)),
        ['', '0000000000000000', '1', '2'],
      );
    }
    assert.notEqual(uidOf(one), uidOf(two));
  });

  it('stands in a folder of its own, which is gone when it has ended', async () => {
    const made = opened();
    const processId = await started(made);
    const folder = readlinkSync(`/proc/${processId}/cwd`);
    const { mode, uid } = statSync(folder);
    assert.deepEqual([mode & 0o777, uid], [0o700, uidOf(processId)]);
    const [run] = made.runner.active;
    await made.runner.stop(run?.id ?? assert.fail('a run'));
    assert.equal(existsSync(folder), false);
    assert.deepEqual(readdirSync(join(made.folder, 'runs')), []);
  });

  it('boots from files in a folder that it may not enter, and is named with their real paths', async () => {
    const images = tempFolder('closed-images');
    changedImage(images, 'hello', {});
    chmodSync(images, 0o700);
    const made = opened({ images });
    assert.ok(uidOf(await started(made)) >= 65_536);
    assert.ok(made.runner.active[0]?.commandLine.some((argument) => argument.startsWith(images)));
  });

  it('writes to its disk in its own folder, and nowhere else', async () => {
    const images = tempFolder('disk-images');
    changedImage(images, 'hello', {});
    const disk = Buffer.alloc(1024 * 1024);
    writeFileSync(join(images, 'hello', 'disk.img'), disk);
    const sha256 = createHash('sha256').update(disk).digest('hex');
    const entry = `disks: { ${hostArchitecture()}: { file: disk.img, format: raw, sha256: ${sha256} } }\n`;
    const manifest = join(images, 'hello', 'image.yaml');
    writeFileSync(manifest, `${readFileSync(manifest, 'utf8')}\n${entry}`);
    const made = opened({ images });
    const processId = await started(made);
    const open = readdirSync(`/proc/${processId}/fd`).map((fd) =>
      readlinkSync(`/proc/${processId}/fd/${fd}`),
    );
    const own = readlinkSync(`/proc/${processId}/cwd`);
    assert.ok(
      open.some((path) => path.startsWith(`${own}/`) && path.endsWith(' (deleted)')),
      open.join(),
    );
  });

  it('has the user of the gateway where its files are closed to others, and that is said', async () => {
    const images = tempFolder('secret-images');
    changedImage(images, 'hello', {});
    for (const file of readdirSync(join(images, 'hello')))
      if (file !== 'image.yaml') chmodSync(join(images, 'hello', file), 0o600);
    const made = opened({ images });
    assert.equal(uidOf(await started(made)), 0);
    const told = made.confinement.safeguards().find(({ name }) => name === 'Guest users');
    assert.match(told?.active === false ? told.text : '', /others may not read .*kernel/);
  });
});

describe('a guest of a Solo5 tender', ROOT, () => {
  it('has a user of its own, and a copy of its disk, though it may enter none of the folders', async () => {
    const images = tempFolder('closed-mirage');
    const image = solo5Image({ target: 2, devices: [{ name: 'storage', kind: 'block' }] });
    mirageFolder(images, 'disk', image, ['readyText: ready'], Buffer.from('as the image has it'));
    // As an added image's files are.
    for (const file of readdirSync(join(images, 'disk'))) chmodSync(join(images, 'disk', file), 0o444);
    const solo5Directory = tempFolder('open-solo5');
    chmodSync(solo5Directory, 0o755);
    const tender = `#!/bin/sh\nid -u; cat <&9; echo; for kernel in "$@"; do :; done; wc -c < "$kernel"; ls -A\n`;
    writeFileSync(join(solo5Directory, 'solo5-spt'), tender, { mode: 0o755 });
    const { runner, logDirectory, confinement } = opened({ images, solo5Directory, architecture: 'x86_64' });
    const run = await runToEnd(runner, 'disk');
    const said = readFileSync(join(logDirectory, `${run.id}.log`), 'utf8').split('\n');
    assert.ok(Number(said[0]) >= 65_536, said.join());
    // Its disk, its kernel's size, and what else is in its folder.
    assert.deepEqual(said.slice(1), ['as the image has it', String(image.length), '']);
    assert.deepEqual(
      confinement.safeguards().flatMap(({ name, active }) => (active ? [] : [name])),
      ['Guest control groups'],
    );
  });
});

describe('a guest', () => {
  it('has limits of its own soon, and goes before the gateway when the board has no memory left', async () => {
    const processId = await started(opened());
    await eventually('it is limited', () => limit(processId, 'Max file size') === '0,0');
    assert.equal(limit(processId, 'Max core file size'), '0,0');
    assert.equal(limit(processId, 'Max open files'), '512,512');
    assert.match(limit(processId, 'Max data size'), /^(\d{10}),\1$/);
    assert.equal(proc(processId, 'oom_score_adj').trim(), '500');
  });

  it('is limited all the same where it has the user of the gateway', async () => {
    const processId = await started(opened({ user: 'gateway' }));
    assert.equal(uidOf(processId), process.getuid?.());
    await eventually('it is limited', () => limit(processId, 'Max file size') === '0,0');
  });
});

/** A program in QEMU's place. */
function workshopWith(script: string): Workshop {
  const qemuDirectory = tempFolder('monitor');
  const program = join(qemuDirectory, QEMU_PROGRAMS[hostArchitecture()]);
  const greeting = `echo '{"QMP": {"version": {"qemu": {"major": 1, "minor": 0, "micro": 0}}}}' >&4; echo '{"event": "RESUME"}' >&4`;
  writeFileSync(program, `#!/bin/sh\nread -r _ <&4; read -r _ <&4; ${greeting}\n${script}\n`);
  chmodSync(program, 0o755);
  return opened({ qemuDirectory });
}

describe('a guest that ends by SIGKILL', () => {
  const group = memoryGroup();
  after(() => group?.[Symbol.dispose]());

  it(
    'ran out of memory where the kernel says so',
    { skip: group === undefined && 'no memory control group that may be written' },
    async () => {
      const { runner } = workshopWith(group?.exhaust ?? '');
      assert.deepEqual(reason(await runToEnd(runner, 'hello')), { kind: 'out-of-memory' });
    },
  );

  it('has crashed where somebody sent it', async () => {
    const { runner } = workshopWith('kill -9 $$');
    const run = await runToEnd(runner, 'hello');
    assert.deepEqual(reason(run), { kind: 'crashed', detail: 'QEMU ended with signal SIGKILL' });
  });
});
