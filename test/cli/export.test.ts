import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { newRunId } from '../../src/platform/index.js';
import { openLevelStore } from '../../src/store/index.js';
import { CLOCK, series } from '../store/support-store.js';
import { perigee } from '../support/command.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';

const BOOT = 'guest_boot{image="hello"}';
let gateway: GatewayProcess;
let page: string;

before(async () => {
  gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0' });
  page = (await gateway.control.status()).webUrl ?? assert.fail('the page is on');
  let ended = false;
  for await (const news of gateway.control.run({ id: newRunId(), image: 'hello' }))
    ended = news.kind === 'changed' && news.run.state.kind === 'ended';
  assert.ok(ended);
});
after(() => gateway[Symbol.asyncDispose]());

const exported = (...args: readonly string[]) => perigee(['export', ...args, '--data', gateway.directory]);
const lines = (text: string): readonly string[] => text.trim().split('\n');

describe('perigee export', () => {
  it('lists the series there are', async () => {
    const { status, stdout } = await exported();
    assert.equal(status, 0);
    assert.ok(lines(stdout).includes(BOOT), stdout);
  });

  it('prints a series as CSV, every sample or by the hour', async () => {
    const [head, row = '', ...rest] = lines((await exported(BOOT)).stdout);
    assert.equal(head, 'time,value');
    assert.match(row, /^\d{4}-\d\d-\d\dT[\d:.]+Z,[\d.]+$/);
    assert.deepEqual(rest, []);
    const hours = lines((await exported(BOOT, '--resolution', 'hours', '--last', '2d')).stdout);
    assert.equal(hours[0], 'time,count,mean,min,max,last');
    const value = row.split(',')[1] ?? '';
    assert.equal(hours[1]?.split(',').slice(1).join(), `1,${value},${value},${value},${value}`);
  });

  it('takes hours beyond what a timer can wait for, and - for standard output', async () => {
    const { status, stdout, stderr } = await exported(BOOT, '--last', '700h', '--output', '-');
    assert.equal(status, 0, stderr);
    assert.equal(lines(stdout).length, 2);
  });

  it('prints an object a line with --json, and nothing of a time when nothing was measured', async () => {
    const { stdout } = await exported(BOOT, '--json');
    assert.equal((JSON.parse(stdout) as { count: number }).count, 1);
    assert.equal((await exported(BOOT, '--json', '--from', '2001-01-01', '--to', '2001-01-02')).stdout, '');
  });

  it('takes every series that matches, with its name in each row', async () => {
    const [head, ...rows] = lines(
      (await exported('--match', 'series=~guest_*', '--match', 'image=hello')).stdout,
    );
    assert.equal(head, 'series,time,value');
    assert.ok(
      rows.some((row) => row.startsWith('"guest_boot{image=""hello""}",2')),
      rows.join('\n'),
    );
    const { stdout } = await exported(
      '--match',
      'series=guest_boot',
      '--json',
      '--points',
      '5',
      '--last',
      '30d',
    );
    const point = JSON.parse(stdout) as { series: string; count: number };
    assert.deepEqual([point.series, point.count], [BOOT, 1]);
  });

  it('writes Parquet that another program reads, to a file that is there once it is whole', async () => {
    const folder = tempFolder('export');
    const file = join(folder, 'x.parquet');
    const args = ['--match', 'image=hello', '--format', 'parquet', '--output', file];
    const { status, stderr } = await exported(...args);
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(folder), ['x.parquet']);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    const boot = rows.find(({ series }) => series === BOOT) ?? assert.fail('the series is in it');
    assert.deepEqual([boot['name'], boot['label_image']], ['guest_boot', 'hello']);
    assert.ok(boot['time'] instanceof Date && typeof boot['value'] === 'number');
    const csv = lines((await exported('--match', 'image=hello')).stdout);
    assert.equal(rows.length, csv.length - 1);
  });

  it('says what is wrong with a series, a range or a resolution that is none', async () => {
    for (const [args, complaint] of [
      [['no_such'], /there is no series no_such/],
      [[BOOT, '--from', '2026-01-02', '--to', '2026-01-01'], /ends before it begins/],
      [[BOOT, '--resolution', 'weeks'], /Allowed choices are raw, minutes, hours/],
      [[BOOT, '--last', 'long'], /Give a time such as/],
      [['--match', 'image'], /Give a condition such as/],
      [['--match', 'image=none'], /no series matches/],
      [['--match', 'series=guest_*'], /A pattern is written 'series=~guest_\*'/],
      [[BOOT, '--output', gateway.directory], /cannot write .*: it is a folder/],
      [[BOOT, '--last', '2400000h'], /Give a time such as .*, of 99999 days at most/],
      [[BOOT, '--points', '0'], /Give a whole number/],
      [[BOOT, '--output', '/no/such/folder/x'], /cannot write/],
      [[BOOT, '--from', 'yesterday'], /Give a time such as/],
    ] as const) {
      const { status, stderr } = await exported(...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, complaint);
    }
  });
});

describe('an export of labels with line ends and control characters', () => {
  it('has each row on a line of its own, and nothing in it that a terminal obeys', async () => {
    const directory = tempFolder('export-odd');
    const label = 'one\r\n"two",\u009B2J';
    {
      await using store = await openLevelStore({ directory, clock: CLOCK, logger: SILENT });
      const samples = [{ series: series('odd', { label }), value: 7 }];
      await store.append({ monotonicUs: CLOCK.monotonicUs(), wallMs: CLOCK.wallMs(), samples });
    }
    const read = async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await perigee(['export', ...args, '--data', directory]);
      assert.equal(status, 0, stderr);
      return lines(stdout);
    };
    const name = String.raw`odd{label="one\r\n\"two\",\u009b2J"}`;
    assert.deepEqual(await read(), [name]);
    assert.match((await read(name))[1] ?? '', /Z,7$/);
    const [, row = '', ...rest] = await read('--match', `label=${label}`);
    assert.ok(row.startsWith(`"${name.replaceAll('"', '""')}",2`), row);
    assert.deepEqual(rest, []);
    const [json = ''] = await read('--match', `label=${label}`, '--json');
    assert.equal((JSON.parse(json) as { series: string }).series, name);
  });
});

describe('the newest samples', () => {
  const latest = async (...match: readonly string[]): Promise<Response> =>
    fetch(
      `${page}/api/latest?${new URLSearchParams(match.map((text): [string, string] => ['match', text])).toString()}`,
    );

  it('are those of the series that match all that is asked', async () => {
    const named = async (...match: readonly string[]) =>
      ((await (await latest(...match)).json()) as { series: { name: string } }[]).map(
        ({ series }) => series.name,
      );
    assert.deepEqual(await named('series=guest_boot', 'image=hello'), ['guest_boot']);
    assert.deepEqual(await named('series=guest_boot', 'image!=hello'), []);
    assert.ok((await named()).length > 1);
  });

  it('are refused with 400 for what is no condition', async () => {
    assert.equal((await latest('image')).status, 400);
    assert.equal((await fetch(`${page}/api/latest?series=guest_boot`)).status, 400);
  });
});

describe('the history that the page asks for', () => {
  const ask = (query: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${page}/api/history?${new URLSearchParams(query).toString()}`);

  it('has no more points than were asked for', async () => {
    const answer = await ask({ series: BOOT, from: '0', to: '4000000000000', points: '10' });
    assert.equal(answer.status, 200);
    const points = (await answer.json()) as readonly { count: number }[];
    assert.deepEqual(
      points.map(({ count }) => count),
      [1],
    );
  });

  it('is refused with 400 for a query that is none', async () => {
    const good = { series: BOOT, from: '0', to: '1' };
    const bad = [
      ...[
        {},
        { ...good, to: '-1' },
        { ...good, from: 'x' },
        { ...good, from: '1e9' },
        { ...good, points: '0' },
      ],
      ...[
        { ...good, points: '4001' },
        { ...good, resolution: 'weeks' },
        { ...good, more: '1' },
      ],
    ];
    for (const query of bad) assert.equal((await ask(query)).status, 400, JSON.stringify(query));
  });
});
