import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import type { GatewayStatus, RunRecord } from '../../src/domain/index.js';
import { TopModel } from '../../src/cli/top-model.js';
import { sparkline, topLines, type TopOrder } from '../../src/cli/top-view.js';
import { newRunId } from '../../src/platform/index.js';
import { run, series } from '../store/support-store.js';
import { perigee } from '../support/command.js';
import { PERIGEE, startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';

const STATUS = {
  ...{ name: 'Orchard', gatewayId: '0123456789abcdef', uptimeSeconds: 60, rssBytes: 1024 },
  ...{ activeRuns: 3, queuedRuns: 1, startedRuns: 5 },
  store: { samples: 9, observations: 1, series: 2, refusedSamples: 0 },
  sync: { text: 'no backend is configured', waiting: false, batchesAcknowledged: 0, samplesAcknowledged: 0 },
} as unknown as GatewayStatus;

const going = (id: string, changes: Partial<RunRecord> = {}): RunRecord => run(id, 0, changes);

/** Two runs of an image with their costs, and one that waits. */
function model(): TopModel {
  const top = new TopModel();
  top.begin([going('a'), going('b'), going('c', { state: { kind: 'queued' } })], []);
  for (const [id, cpu, rss] of [
    ['a', 5, 3e6],
    ['b', 80, 1e6],
  ] as const)
    top.take(
      {
        ...{ kind: 'cost', run: going(id) },
        samples: [
          { series: series('run_cpu', { image: 'hostsense' }, 'percent'), value: cpu },
          { series: series('run_rss', { image: 'hostsense' }), value: rss },
        ],
      },
      0,
    );
  return top;
}

const lines = (top: TopModel, order: TopOrder = 'cpu', columns = 120, rows = 40): readonly string[] =>
  topLines(top.snapshot(STATUS, 0), order, { columns, rows });

const idsOf = (text: readonly string[]): string =>
  text
    .join('\n')
    .match(/0{15}[abc]/g)
    ?.join() ?? '';

describe('the picture of perigee top', () => {
  it('has each run with its own costs, the dearest first, by what is asked for', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => id.padStart(16, '0'));
    assert.equal(idsOf(lines(model())), [b, a, c].join());
    assert.equal(idsOf(lines(model(), 'memory')), [a, b, c].join());
    const text = lines(model()).join('\n');
    assert.match(text, /0b +hostsense +80 % +977 KiB/);
    assert.match(text, /queued/);
  });

  it('drops columns on a narrow terminal, and never has a line that is wider, or one too many', () => {
    const top = model();
    top.take(
      {
        ...{ kind: 'report', run: going('a'), windowEndUs: 1 },
        samples: [{ series: series('a_metric_with_a_name_that_is_long', { image: 'hostsense' }), value: 7 }],
      },
      0,
    );
    for (const columns of [200, 80, 40, 20, 8]) {
      for (const rows of [50, 12, 5]) {
        const picture = lines(top, 'cpu', columns, rows);
        assert.ok(picture.length <= rows, `${picture.length} lines of ${rows}`);
        for (const line of picture) assert.ok(line.length < Math.max(columns, 2), `${columns}: ${line}`);
      }
    }
    assert.match(lines(top, 'cpu', 40).join('\n'), /a_metric_w.*… +7 B/);
  });

  it('obeys nothing that a guest says', () => {
    const top = model();
    const evil = series('m', { image: '\u009b2J\x1b]0;title\x07' });
    const samples = [{ series: evil, value: 1 }];
    top.take({ kind: 'report', run: going('a'), windowEndUs: 1, samples }, 0);
    assert.doesNotMatch(lines(top).join(''), /\p{Cc}/u);
  });

  it('shows a run that has ended for ten seconds, and then neither it nor what it measured', () => {
    const top = model();
    const samples = [{ series: series('m'), value: 1 }];
    top.take({ kind: 'report', run: going('a'), windowEndUs: 1, samples }, 0);
    const over = going('a', { state: { kind: 'ended', reason: { kind: 'timed-out' } } });
    top.take({ kind: 'changed', run: over }, 1000);
    const idsAt = (ms: number) => top.snapshot(STATUS, ms).runs.map(({ run: { id } }) => id.at(-1));
    assert.deepEqual(idsAt(11_000), ['a', 'b', 'c']);
    assert.deepEqual(idsAt(11_001), ['b', 'c']);
    assert.deepEqual(top.snapshot(STATUS, 11_001).metrics, []);
  });

  it('draws the newest values from their least to their most', () => {
    assert.equal(sparkline([9, 0, 1, 2, 3, 4, 5, 6, 7], 8), '▁▂▃▄▅▆▇█');
    assert.equal(sparkline([3, 3, 3], 8), '▁▁▁');
    assert.equal(sparkline([], 8), '');
  });
});

describe('perigee top', () => {
  let gateway: GatewayProcess;
  before(async () => {
    gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' });
    const news = gateway.control.run({ id: newRunId(), image: 'hello', args: 'stay=1' });
    for await (const item of news) if (item.kind === 'cost') break;
  });
  after(() => gateway[Symbol.asyncDispose]());

  it('is one picture where there is no terminal, with what the run costs', async () => {
    const { status, stdout, stderr } = await perigee(['top', '--data', gateway.directory]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /hello +[\d.]+ % +[\d.]+ MiB/);
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{Cc}/u);
  });

  it('prints an object each second with --json, and ends well when it is told to', async () => {
    const child = spawn(process.execPath, [PERIGEE, 'top', '--json', '--data', gateway.directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const runs: { cpuPercent?: number; image: string }[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      runs.push(...(JSON.parse(line) as { runs: typeof runs }).runs);
      if (runs.some(({ cpuPercent }) => cpuPercent !== undefined)) child.kill('SIGINT');
    }
    const status = child.exitCode ?? ((await once(child, 'exit')) as [number])[0];
    assert.equal(status, 0);
    assert.equal(runs[0]?.image, 'hello');
  });

  it('says that no gateway runs, or that there is no such order', async () => {
    assert.equal((await perigee(['top', '--data', '/nonexistent'])).status, 17);
    assert.equal((await perigee(['top', '--sort', 'age', '--data', gateway.directory])).status, 2);
  });
});
