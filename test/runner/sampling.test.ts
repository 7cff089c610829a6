import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import { parseRunId, type Sample } from '../../src/domain/index.js';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { bootSamples, endSamples } from '../../src/runner/costs.js';
import { sampleRuns } from '../../src/runner/sampling.js';
import { run as record } from '../store/support-store.js';
import { eventually } from './support-runner.js';

const LINUX = { skip: process.platform !== 'linux' && 'needs /proc' };
const ID = '00000000000000aa';

const EACH_SECOND = ['run_rss', 'run_cpu'];
const PAGES = ['run_pss', 'run_private'];
const BOOTED = { firstConsoleByteMs: 1, bootedMs: 1, firstMetricMs: 1, endedMs: 1 };
const RATES = ['run_cpu_user', 'run_cpu_system', 'run_sampling'];

describe('the cost of a run', LINUX, () => {
  let seconds = 0;
  let taken: (readonly Sample[])[] = [];
  let sampling: Disposable | undefined;
  let child: ChildProcess | undefined;
  mock.timers.enable({ apis: ['setInterval'] });
  after(() => mock.timers.reset());

  const ended = async (): Promise<void> => {
    if (!child?.kill('SIGKILL')) return;
    await once(child, 'exit');
  };
  const clock = { monotonicUs: () => seconds * 1e6, wallMs: () => 0 };
  const names = (): readonly (readonly string[])[] =>
    taken.map((samples) => samples.map(({ series }) => series.name));
  const pass = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second += 1) {
      const before = taken.length;
      seconds += 1;
      mock.timers.tick(1000);
      await eventually('it was measured', () => taken.length > before);
      // Whoever measures has to say that it is done before it begins anew.
      await new Promise((done) => setImmediate(done));
    }
  };

  beforeEach(() => {
    taken = [];
    child = spawn('sleep', ['600'], { stdio: 'ignore' });
  });

  afterEach(async () => {
    sampling?.[Symbol.dispose]();
    await ended();
  });

  const sampled = (stopwatch?: () => () => number): void => {
    const run = record(ID, 1, { processId: child?.pid ?? assert.fail('a process id') });
    const runs = new Map([[parseRunId(ID), { record: run, measured: () => undefined }]]);
    sampling = sampleRuns(runs, clock, (_, samples) => taken.push(samples), stopwatch);
  };

  it('is told each second, its pages every ten seconds, and its rates from one count of them to the next', async () => {
    sampled(() => () => 100);
    await pass(12);
    const all = [...EACH_SECOND, ...PAGES];
    const expected = [all, ...Array.from({ length: 9 }, () => EACH_SECOND), [...all, ...RATES], EACH_SECOND];
    assert.deepEqual(names(), expected);
  });

  it('is labelled by image, and says what the measuring cost', async () => {
    sampled();
    await pass(11);
    const sampling = taken.flat().find(({ series }) => series.name === 'run_sampling');
    assert.deepEqual(sampling?.series, {
      name: 'run_sampling',
      labels: { image: 'hostsense' },
      unit: 'percent',
    });
    assert.ok(sampling.value > 0, String(sampling.value));
  });

  it('is not told of a run whose process has gone', async () => {
    await ended();
    sampled();
    mock.timers.tick(1000);
    await new Promise((go) => setTimeout(go, 100));
    assert.deepEqual(taken, []);
  });

  it('has every series of it in the documentation', async () => {
    sampled();
    await pass(11);
    const boot = { ...{ queuedMs: 1, spawnedMs: 1, monitorReadyMs: 1, resumedMs: 1 }, ...BOOTED };
    const ended = record(ID, 1, { boot });
    const seldom = [...bootSamples(ended), ...endSamples(ended)].map(({ series }) => series.name);
    const docs = readFileSync(join(PACKAGE_ROOT, 'docs', 'metrics.md'), 'utf8');
    const listed = [...docs.matchAll(/^\| `(run_\w+)`/gm)].map(([, name]) => name);
    assert.deepEqual(listed.toSorted(), [...new Set([...names().flat(), ...seldom])].toSorted());
  });
});
