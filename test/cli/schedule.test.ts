import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ERROR_EXITS, type ScheduleStatus } from '../../src/domain/index.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' });
});
after(() => gateway[Symbol.asyncDispose]());

const schedule = (...args: readonly string[]): ReturnType<typeof perigee> =>
  perigee(['schedule', ...args, '--data', gateway.directory], { TZ: 'UTC' });

const DAWN = ['dawn', 'hello', '--cron', '0 6 * * *', '--zone', 'Europe/Berlin'];

describe('perigee schedule', () => {
  it('adds, lists, pauses, resumes and removes', async () => {
    const added = await schedule('add', ...DAWN, '--jitter', '1m', '--time-limit', '10m', '--priority', '-3');
    assert.match(added.stdout, /^dawn hello: waiting, next \d{4}-\d\d-\d\d 06:00:\d\d CES?T\n$/);
    const [status] = JSON.parse((await schedule('ls', '--json')).stdout) as ScheduleStatus[];
    const { dueAtMs, ...rest } = status ?? assert.fail('it is listed');
    assert.ok((dueAtMs ?? 0) > 0);
    assert.deepEqual(rest, {
      ...{ name: 'dawn', image: 'hello', jitterMs: 60_000, missed: 'skip', overlap: 'skip', priority: -3 },
      ...{ restart: 'never', timeLimitMs: 600_000, state: { kind: 'waiting' }, skipped: 0 },
      trigger: { kind: 'cron', expression: '0 6 * * *', zone: 'Europe/Berlin' },
    });
    assert.equal((await schedule('pause', 'dawn')).stdout, 'dawn hello: paused\n');
    const { stdout } = await schedule('ls');
    assert.match(
      stdout,
      /^NAME +IMAGE +WHEN +NEXT +LAST RUN +STATE\ndawn .* Europe\/Berlin +- +- +paused\n$/,
    );
    assert.match((await schedule('resume', 'dawn')).stdout, /waiting, next/);
    assert.equal((await schedule('rm', 'dawn')).stdout, 'dawn is removed\n');
    assert.equal((await schedule('ls', '--json')).stdout, '[]\n');
    assert.equal((await schedule('--json')).stdout, '[]\n');
  });

  const refused: readonly (readonly [readonly string[], keyof typeof ERROR_EXITS, RegExp])[] = [
    [['add', 'x', 'hello', '--cron', '0 0 30 2 *'], 'schedule-invalid', /never comes/],
    [['add', 'x', 'hello', '--every', '1s'], 'schedule-invalid', /every 1 s, and 10 s is the least/],
    [['add', 'x', 'hello', '--at', '2020-01-01T00:00'], 'schedule-invalid', /is over/],
    [['add', '../x', 'hello', '--every', '1m'], 'schedule-invalid', /no name of a schedule/],
    [['add', 'x', 'nonesuch', '--every', '1m'], 'image-unknown', /nonesuch/],
    [['add', 'x', 'hello'], 'usage', /one of --cron, --every and --at/],
    [['add', 'x', 'hello', '--every', '1m', '--at', '2030-01-01T00:00'], 'usage', /one of/],
    [['add', 'x', 'hello', '--every', '1m', '--args', 'a\nb'], 'usage', /one line/],
    [['add', 'x', 'hello', '--every', '1m', '--args', 'x'.repeat(161)], 'usage', /at most 160 .* have 161/],
    [['add', 'x', 'hello', '--every', '1m', '--zone', 'UTC'], 'usage', /an interval has no time zone/],
    [['add', 'x', 'hello', '--at', '2036-02-30T00:00'], 'schedule-invalid', /is no time/],
    [['nonesuch'], 'usage', /there is no command "schedule nonesuch"/],
    [['add', 'x', 'hello', '--every', 'soon'], 'usage', /such as 30s/],
    [['add', 'x', 'hello', '--every', '1m', '--priority', '10'], 'usage', /-9 to 9/],
    [['clear', 'none'], 'schedule-unknown', /no schedule none/],
  ];
  for (const [args, code, text] of refused)
    it(`refuses "${args.join(' ').replace('\n', '\\n')}" in a line, with its status`, async () => {
      const { status, stderr, stdout } = await schedule(...args);
      assert.deepEqual([status, stdout], [ERROR_EXITS[code], '']);
      assert.match(stderr, text);
    });
});
