import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isEnded, type RunRecord } from '../../src/domain/index.js';
import { QEMU_PROGRAMS } from '../../src/images/index.js';
import { hostArchitecture, newRunId } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';
import { tempFolder } from '../support/temp.js';
import { changedImage, eventually, isAlive, runToEnd, until, workshop } from './support-runner.js';

const folder = tempFolder('runner');
const { runner, journal, observations, logDirectory } = workshop({ folder });
after(() => runner[Symbol.asyncDispose]());

const reason = (run: RunRecord): unknown => (run.state.kind === 'ended' ? run.state.reason : run.state);

const PEAKS = ['run_peak_rss', 'run_peak_pss', 'run_peak_private', 'run_cpu_user_time'];

describe('a run of hello', () => {
  it('reports, completes, and keeps its boot phases in order with what it cost', async () => {
    const run = await runToEnd(runner, 'hello');
    assert.deepEqual(reason(run), { kind: 'completed' });
    const { spawnedMs, monitorReadyMs, resumedMs, firstMetricMs, endedMs } = run.boot;
    const phases = [spawnedMs, monitorReadyMs, resumedMs, firstMetricMs, endedMs].map((ms) => ms ?? NaN);
    assert.deepEqual(
      phases,
      phases.toSorted((a, b) => a - b),
      JSON.stringify(run.boot),
    );
    assert.ok((run.footprint?.peakRssBytes ?? 0) > 1e6, 'QEMU takes more than a megabyte');
    assert.match(run.monitorVersion ?? '', /^\d+\.\d+\.\d+$/);
    assert.equal(run.commandLine.at(0), QEMU_PROGRAMS[hostArchitecture()]);
    assert.equal(run.imageBytes > 0 && run.imageSha256.length, 64);
    assert.deepEqual(run.faults, { badFrames: 0, droppedValues: 0 });
  });

  it('leaves its record in the journal and its console in the log', async () => {
    const run = await runToEnd(runner, 'hello');
    assert.deepEqual(journal.records.get(run.id), run);
    assert.match(readFileSync(join(logDirectory, `${run.id}.log`), 'utf8'), /perigee hello .* ready/);
  });

  it('gives rise to observations of what it measured and of what it cost', async () => {
    const run = await runToEnd(runner, 'hello');
    const names = observations
      .filter(({ runId }) => runId === run.id)
      .flatMap(({ samples }) => samples.map((s) => s.series.name));
    for (const name of ['guest_boot', 'run_boot', 'run_boot_resumed', 'run_duration', ...PEAKS])
      assert.ok(names.includes(name), `${name} in ${names.join()}`);
  });

  it('is one run, however often it is asked for with the same id', async () => {
    const id = newRunId();
    const [first, second] = await Promise.all([
      runner.start({ id, image: 'hello' }),
      runner.start({ id, image: 'hello' }),
    ]);
    assert.equal(first.processId, second.processId);
    await eventually('the run ends', () => [journal.records.get(id)].some((run) => run && isEnded(run)));
    assert.deepEqual(await runner.start({ id, image: 'hello' }), journal.records.get(id));
  });
});

describe('a run of hostsense', () => {
  it("reports statistics of this machine's memory, and nothing remains of it after a stop", async () => {
    const run = await until(runner, 'hostsense', '', (news) => news.kind === 'report');
    const memTotal = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]) * 1024;
    const samples = observations
      .filter(({ runId }) => runId === run.id)
      .flatMap((observation) => observation.samples);
    const total = samples.find(({ series }) => series.name === 'memory_total_mean');
    assert.deepEqual(total, {
      series: { name: 'memory_total_mean', labels: { image: 'hostsense' }, unit: 'bytes' },
      value: memTotal,
    });
    const stopped = await runner.stop(run.id);
    assert.deepEqual(reason(stopped), { kind: 'killed-by-user' });
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
  });
});

describe('a guest that reports no metric', () => {
  it('is ready when its console says what its manifest waits for, and is left to run', async () => {
    const images = tempFolder('images');
    changedImage(images, 'hello', { readyWithinMs: 3000, readyText: 'ready' });
    const patient = workshop({ folder, images });
    after(() => patient.runner[Symbol.asyncDispose]());
    const run = await until(
      patient.runner,
      'hello',
      'fault=silent',
      (news) => news.kind === 'changed' && news.run.boot.readyMs !== undefined,
    );
    assert.equal(run.boot.firstMetricMs, undefined);
    await new Promise((go) => setTimeout(go, 3200));
    assert.deepEqual(
      patient.runner.active.map(({ id, state }) => [id, state.kind]),
      [[run.id, 'booted']],
    );
  });
});

describe('a guest that reports before it is ready', () => {
  it('tells the cost of its boot once', async () => {
    const images = tempFolder('images');
    changedImage(images, 'hello', { readyText: 'ready' });
    const both = workshop({ folder, images });
    after(() => both.runner[Symbol.asyncDispose]());
    const run = await until(both.runner, 'hello', 'stay=1', (news) => news.kind === 'report');
    const log = join(both.logDirectory, `${run.id}.log`);
    await eventually(
      'it says that it is ready',
      () => existsSync(log) && readFileSync(log, 'utf8').includes(' ready'),
    );
    await both.runner.stop(run.id);
    const names = both.observations.flatMap(({ samples }) => samples.map(({ series }) => series.name));
    assert.equal(names.filter((name) => name === 'run_boot').length, 1);
  });
});

describe('a guest that misbehaves', () => {
  it('and sends what is no frame is ended as crashed, since nothing it says can be followed', async () => {
    const run = await runToEnd(runner, 'hello', 'fault=garbage');
    assert.match(JSON.stringify(reason(run)), /"crashed".*its channel cannot be followed/);
    assert.equal(run.faults.badFrames, 1);
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
  });

  it('and dies at once has crashed, with the words of its panic', async () => {
    const run = await runToEnd(runner, 'hello', 'fault=die');
    assert.match(JSON.stringify(reason(run)), /"crashed".*panic: /);
  });

  it('and ends with a status keeps it, though QEMU ends with 0', async () => {
    assert.deepEqual(reason(await runToEnd(runner, 'hello', 'fault=status')), { kind: 'exit-code', code: 7 });
  });

  it('and never reports is stopped as never ready, and no longer alive', async () => {
    const images = tempFolder('images');
    changedImage(images, 'hello', { readyWithinMs: 300 });
    const impatient = workshop({ folder, images });
    after(() => impatient.runner[Symbol.asyncDispose]());
    const run = await runToEnd(impatient.runner, 'hello', 'fault=silent');
    assert.deepEqual(reason(run), { kind: 'never-ready' });
    assert.equal(isAlive(run.processId ?? assert.fail('a process id')), false);
  });

  it('and outlasts its time limit is stopped as timed out', async () => {
    const images = tempFolder('images');
    changedImage(images, 'hello', { timeLimitMs: 300 });
    const limited = workshop({ folder, images });
    after(() => limited.runner[Symbol.asyncDispose]());
    assert.deepEqual(reason(await runToEnd(limited.runner, 'hello', 'stay=1')), { kind: 'timed-out' });
  });
});

describe('the runner', () => {
  it('refuses an unknown image, with what to do', async () => {
    await assert.rejects(
      runner.start({ id: newRunId(), image: 'nonesuch' }),
      failsWith('image-unknown', /nonesuch/),
    );
  });

  it('stops a run that is only being started', async () => {
    const id = newRunId();
    const starting = runner.start({ id, image: 'hello', args: 'stay=1' });
    const stopped = await runner.stop(id);
    assert.deepEqual(reason(stopped), { kind: 'killed-by-user' });
    assert.equal((await starting).id, id);
    assert.equal(isAlive(stopped.processId ?? assert.fail('a process id')), false);
  });

  it('refuses the id of one run for another image', async () => {
    const id = newRunId();
    await runner.start({ id, image: 'hello' });
    await assert.rejects(runner.start({ id, image: 'hostsense' }), failsWith('usage', /is a run of hello/));
  });

  it('holds no slot for a run that no program could be started for', async () => {
    const run = await runner.start({ id: newRunId(), image: 'hello', args: 'a\0b' });
    assert.match(JSON.stringify(reason(run)), /host-refused/);
    await eventually('its slot is free', () => runner.active.every(({ id }) => id !== run.id));
    assert.equal(existsSync(join(folder, 'runs', run.id)), false);
  });

  it('does not know a run that never was', async () => {
    await assert.rejects(runner.stop(newRunId()), failsWith('run-unknown', /there is no run/));
  });

  it('ends every guest when it is disposed, starts no other, and leaves no descriptor open', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const other = workshop({ folder });
    const runs = await Promise.all(
      [1, 2, 3].map(() => other.runner.start({ id: newRunId(), image: 'hello', args: 'stay=1' })),
    );
    const disposed = other.runner[Symbol.asyncDispose]();
    const late = other.runner.start({ id: newRunId(), image: 'hello', args: 'stay=1' });
    await assert.rejects(late, failsWith('gateway-not-running', /is ending/));
    await disposed;
    for (const { id, processId } of runs) {
      assert.equal(isAlive(processId ?? assert.fail('a process id')), false);
      assert.equal(other.journal.records.get(id)?.state.kind, 'ended');
      assert.equal(existsSync(`/proc/${processId}`), false);
    }
    await eventually('descriptors are closed', () => readdirSync('/proc/self/fd').length <= before);
  });
});
