import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newRunId } from '../../src/platform/index.js';
import { perigee } from '../support/command.js';
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

  it('prints an object a line with --json, and nothing of a time when nothing was measured', async () => {
    const { stdout } = await exported(BOOT, '--json');
    assert.equal((JSON.parse(stdout) as { count: number }).count, 1);
    assert.equal((await exported(BOOT, '--json', '--from', '2001-01-01', '--to', '2001-01-02')).stdout, '');
  });

  it('says what is wrong with a series, a range or a resolution that is none', async () => {
    for (const [args, complaint] of [
      [['no_such'], /there is no series no_such/],
      [[BOOT, '--from', '2026-01-02', '--to', '2026-01-01'], /ends before it begins/],
      [[BOOT, '--resolution', 'weeks'], /Allowed choices are raw, minutes, hours/],
      [[BOOT, '--last', 'long'], /Give a time such as/],
      [[BOOT, '--from', 'yesterday'], /Give a time such as/],
    ] as const) {
      const { status, stderr } = await exported(...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, complaint);
    }
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
