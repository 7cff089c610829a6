import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RunRecord } from '../../src/domain/index.js';
import { mirageFolder, solo5Image } from '../images/support-solo5.js';
import { tempFolder } from '../support/temp.js';
import { isAlive, runToEnd, until, workshop, type Workshop } from './support-runner.js';

const folder = tempFolder('tender');
const images = join(folder, 'images');
const DISK = 'as the image has it';
mirageFolder(images, 'plain', solo5Image({ target: 2 }), ['args: one', 'readyText: ready']);
mirageFolder(
  images,
  'disk',
  solo5Image({ target: 2, devices: [{ name: 'storage', kind: 'block' }] }),
  ['readyText: ready'],
  Buffer.from(DISK),
);
let fakes = 0;

/** A program in the tender's place. */
function workshopWith(script: string | undefined, place = folder): Workshop {
  const solo5Directory = join(folder, `solo5-${++fakes}`);
  mkdirSync(solo5Directory);
  if (script !== undefined) {
    const program = join(solo5Directory, 'solo5-spt');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
  }
  const shop = workshop({ folder: place, images, solo5Directory, architecture: 'x86_64' });
  after(() => shop.runner[Symbol.asyncDispose]());
  return shop;
}

const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

describe('a run under a Solo5 tender', () => {
  it('is ready by its text, reports by lines, costs what its process costs, and completes', async () => {
    const { runner, observations } = workshopWith('echo ready; echo "water level=3"; sleep 0.3');
    const run = await runToEnd(runner, 'plain');
    assert.deepEqual(reason(run), { kind: 'completed' });
    assert.ok(run.boot.readyMs !== undefined && run.boot.firstMetricMs !== undefined);
    assert.ok((run.footprint?.peakRssBytes ?? 0) > 0);
    assert.equal(run.accelerator, 'none');
    assert.deepEqual(
      [run.boot.monitorReadyMs, run.monitorVersion],
      [undefined, undefined],
      'it tells no such thing',
    );
    const names = observations.flatMap(({ samples }) => samples.map(({ series }) => series.name));
    assert.ok(
      names.some((name) => name.includes('water')),
      names.join(),
    );
  });

  it('has the memory, the image and the arguments of the manifest and of the request', async () => {
    const { runner, logDirectory } = workshopWith('for word in "$@"; do echo "[$word]"; done');
    const run = await runToEnd(runner, 'plain', 'two 3');
    const said = readFileSync(join(logDirectory, `${run.id}.log`), 'utf8')
      .trim()
      .split('\n');
    assert.deepEqual(said, ['[--mem=32]', '[--]', `[${join(images, 'plain', 'kernel')}]`, '[one two 3]']);
    assert.deepEqual(
      run.commandLine.slice(1),
      said.map((word) => word.slice(1, -1)),
    );
  });

  it('names the guest’s own last words before the status of its abort', async () => {
    const { runner } = workshopWith('echo "Solo5: ABORT: app.c:7: no water"; exit 255');
    const expected = { kind: 'crashed', detail: 'Solo5: ABORT: app.c:7: no water' };
    assert.deepEqual(reason(await runToEnd(runner, 'plain')), expected);
  });

  it('believes the status, and not what the guest printed of it', async () => {
    const { runner } = workshopWith('echo "Solo5: solo5_exit(0) called"; exit 7');
    assert.deepEqual(reason(await runToEnd(runner, 'plain')), { kind: 'exit-code', code: 7 });
  });

  it('could not start where there is no tender, and says where to get one', async () => {
    for (const image of ['plain', 'disk']) {
      const { runner } = workshopWith(undefined);
      assert.match(
        JSON.stringify(reason(await runToEnd(runner, image))),
        /host-refused.*solo5-spt.*not (found|installed)/,
      );
    }
  });

  it('is named where it ended without a word', async () => {
    const { runner } = workshopWith('kill -KILL $$');
    const expected = { kind: 'crashed', detail: 'solo5-spt ended with signal SIGKILL' };
    assert.deepEqual(reason(await runToEnd(runner, 'plain')), expected);
  });

  it('is stopped on request, and leaves no process', async () => {
    const { runner } = workshopWith('echo ready; exec sleep 600');
    const run = await until(
      runner,
      'plain',
      '',
      (news) => news.kind === 'changed' && news.run.boot.readyMs !== undefined,
    );
    assert.deepEqual(reason(await runner.stop(run.id)), { kind: 'killed-by-user' });
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
  });

  it('writes to a copy of its disk, which nobody keeps', async () => {
    const { runner, logDirectory } = workshopWith(
      'disk="${2#--block:storage=}"; cat "$disk"; echo; echo changed > "$disk"; cat "$disk"',
    );
    const run = await runToEnd(runner, 'disk');
    assert.deepEqual(reason(run), { kind: 'completed' });
    const said = readFileSync(join(logDirectory, `${run.id}.log`), 'utf8');
    assert.ok(said.startsWith(`${DISK}\n`) && said.endsWith('changed\n'), said);
    assert.equal(readFileSync(join(images, 'disk', 'disk'), 'utf8'), DISK);
    assert.equal(existsSync(join(folder, 'runs', run.id)), false);
  });

  it('could not start where there is no room for the copy, and says so', async () => {
    // A file in the place of the folder: no copy can be made in it.
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'runs'), '');
    const { runner } = workshopWith('echo ready', full);
    assert.match(JSON.stringify(reason(await runToEnd(runner, 'disk'))), /host-refused.*mkdir/);
  });
});
