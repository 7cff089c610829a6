import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ERROR_EXITS, parseRunId } from '../../src/domain/index.js';
import type { AuditEntry, HistoryPoint, ShownInvitation } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { changedImage } from '../runner/support-runner.js';
import { perigee } from '../support/command.js';
import { PERIGEE, startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const images = tempFolder('images');
changedImage(images, 'hello', {});

const settings = {
  ...{ imagesDirectory: images, keepRunning: '[]', 'radio.mode': 'virtual', 'web.enabled': 'false' },
  name: 'Orchard',
};

let gateway: GatewayProcess;
/** What the phone keeps: another machine's data directory. */
const own = tempFolder('phone');
before(async () => {
  gateway = await startGatewayProcess(settings);
});
after(() => gateway[Symbol.asyncDispose]());

type Finished = Awaited<ReturnType<typeof perigee>>;

const air = (): string => join(gateway.directory, 'air.sock');
const nearby = (...args: readonly string[]): Promise<Finished> =>
  perigee(['nearby', ...args, '--air', air(), '--data', own]);
const technician = (...args: readonly string[]): Promise<Finished> =>
  perigee(['technician', ...args, '--data', gateway.directory]);

/** The first thing that `perigee nearby watch` prints. */
async function watched(signal: AbortSignal, series: string): Promise<string> {
  const args = ['nearby', 'watch', series, '--air', air(), '--data', own];
  const child = spawn(process.execPath, [PERIGEE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  signal.addEventListener('abort', () => child.kill());
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return said.toString();
}

/** In every form, of one series and of two. */
async function seesWhatIsExported(one: string): Promise<void> {
  const range = ['--from', '2020-01-01', '--to', new Date().toISOString()];
  const exported = (...args: readonly string[]): Promise<Finished> =>
    perigee(['export', ...args, ...range, '--data', gateway.directory]);
  for (const form of [['--csv'], ['--json'], ['--format', 'jsonl'], ['--resolution', 'minutes'], []]) {
    const asked = form.filter((word) => word !== '--csv');
    assert.equal(
      (await nearby('history', one, ...range, ...form)).stdout,
      (await exported(one, ...asked)).stdout,
    );
  }
  const names = (await perigee(['export', '--data', gateway.directory])).stdout.split('\n').filter(Boolean);
  assert.ok(names.length > 1);
  const all = await exported('--match', 'series=~*', '--json');
  assert.equal((await nearby('history', ...names, ...range, '--json')).stdout, all.stdout);
  const file = join(own, 'history.csv');
  assert.equal((await nearby('history', one, ...range, '-o', file)).stdout, '');
  assert.equal(readFileSync(file, 'utf8'), (await exported(one)).stdout);
  const unknown = await nearby('history', 'nonesuch');
  assert.deepEqual([unknown.status, unknown.stderr.includes('no series nonesuch')], [2, true]);
}

async function invited(...args: readonly string[]): Promise<string> {
  const { stdout } = await technician('add', ...args, '--json');
  return (JSON.parse(stdout) as ShownInvitation).link;
}

describe('perigee nearby, a phone that needs no key', () => {
  it('finds the gateway, and reads what it shows', async () => {
    assert.match(
      (await nearby('scan')).stdout,
      /^NAME +ADDRESS +SIGNAL +IS +SAYS\nOrchard +02:50:45\S+ +-\d+ dBm +gateway +nothing runs$/m,
    );
    const { status, stdout } = await nearby('read');
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^Clock +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\nRecording +everything is kept\nMemory available \(bytes\) +-\n/,
    );
  });

  it('watches what it shows, by no series and no key, until it is told to stop', async () => {
    const args = ['nearby', 'watch', '--air', air(), '--data', own];
    const child = spawn(process.execPath, [PERIGEE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill();
    assert.match(said.toString(), /^Memory available \(bytes\) -\n/);
    assert.equal((await nearby('read', '--device', 'Orchard')).status, ERROR_EXITS.usage);
  });

  it('may do nothing, and is told what to do about it', async () => {
    const { status, stderr } = await nearby('run', 'hello');
    assert.equal(status, ERROR_EXITS['access-refused']);
    assert.match(stderr, /has enrolled at no such gateway\n +Ask for an invitation/);
  });
});

describe('perigee nearby, a phone of a technician', () => {
  it('enrols by the text below the code, once, and its key is for its owner alone', async () => {
    const link = await invited('Ada');
    const { status, stderr, stdout } = await nearby('enrol', link);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^This phone is Ada, technician at Orchard \([0-9a-f]{16}\)\n$/);
    assert.equal(statSync(join(own, 'phone.json')).mode & 0o777, 0o600);
    const again = await nearby('enrol', link);
    assert.equal(again.status, ERROR_EXITS['access-refused']);
    assert.match(again.stderr, /does not know this phone \(any more\), or its invitation/);
  });

  it('lists images, runs one to its end with what it reports, and reads what it printed', async () => {
    assert.match((await nearby('images')).stdout, /\nhello +0\.1\.0 +4 MiB/);
    const { status, stderr, stdout } = await nearby('run', 'hello');
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^[0-9a-f]{16} hello: accepted$/);
    assert.match(stdout, /\nguest_boot\{image="hello"\} \S+ ms\n/);
    assert.match(lines.at(-2) ?? '', /hello: completed$/);
    assert.match(
      lines.at(-1) ?? '',
      /^ {2}(waited \S+ ms, )?started after \S+ ms, .*first metric after \S+ ms, ended after \S+ ms, peak RSS \S+ MiB, CPU \S+ ms$/,
    );
    const [id = ''] = (lines[0] ?? '').split(' ');
    assert.match((await nearby('ps')).stdout, new RegExp(`\\n${id} +hello +completed\\n`));
    const whole = await nearby('logs', id);
    assert.equal(whole.stdout, await gateway.control.consoleLog(parseRunId(id)));
    assert.ok(whole.stdout.endsWith((await nearby('logs', id, '--tail')).stdout));
    const boot = 'guest_boot{image="hello"}';
    assert.match((await nearby('history')).stdout, /^guest_boot\{image="hello"\} +\S+ ms$/m);
    assert.match((await nearby('history', boot)).stdout, /^time,value\n\d{4}-\S+Z,[\d.]+\n$/);
    const rows = await nearby('history', boot, '--resolution', 'minutes', '--json');
    assert.equal((JSON.parse(rows.stdout) as HistoryPoint).count, 1);
    await seesWhatIsExported(boot);
    const { stdout: log } = await technician('log', '--json');
    const acts = (JSON.parse(log) as AuditEntry[]).map(({ act, detail, who }) => `${who} ${act} ${detail}`);
    assert.ok(acts.includes(`Ada command run hello as ${id}`), log);
  });

  it('shows how the gateway is, and hears what a run reports that somebody else has started', async () => {
    assert.match(
      (await nearby('status')).stdout,
      /^Version +\d.*start 1.*\nGuests +0.*\nStored +\d+ samples; 0/,
    );
    const watching = new AbortController();
    const heard = watched(watching.signal, 'guest_boot{image="hello"}');
    const run = async (): Promise<void> => {
      for await (const { kind } of gateway.control.run({ id: newRunId(), image: 'hello' }))
        if (kind === 'report') await delay(0);
    };
    // The first one may come before the subscription.
    const first = heard.then(() => watching.abort());
    for (let tries = 0; tries < 20 && !watching.signal.aborted; tries++) await run();
    await first;
    assert.match(await heard, /^guest_boot\{image="hello"\} \S+ ms\n/);
  });

  it('adds, pauses and removes a schedule, by the rules of the command line', async () => {
    const added = await nearby('schedule', 'add', 'often', 'hello', '--every', '1h', '--jitter', '5s');
    assert.equal(added.status, 0, added.stderr);
    const [schedule] = await gateway.control.schedules();
    assert.deepEqual([schedule?.name, schedule?.jitterMs, schedule?.missed], ['often', 5000, 'run-once']);
    const refused: readonly (readonly [readonly string[], keyof typeof ERROR_EXITS, RegExp])[] = [
      [['often', 'hello', '--every', '2h'], 'schedule-invalid', /there is a schedule often already/],
      [['more', 'hello', '--every', '1s'], 'schedule-invalid', /10 s is the least/],
      [['more', 'nonesuch', '--every', '1h'], 'image-unknown', /nonesuch/],
      [['more', 'hello'], 'usage', /one of --cron, --every and --at/],
    ];
    for (const [args, code, text] of refused) {
      const { status, stderr } = await nearby('schedule', 'add', ...args);
      assert.equal(status, ERROR_EXITS[code], stderr);
      assert.match(stderr, text);
    }
    assert.match((await nearby('schedules')).stdout, /\noften +hello +every 60 min +2\S+Z +- +waiting\n$/);
    assert.match((await nearby('schedule', 'pause', 'often')).stdout, /\noften .* paused\n$/);
    assert.equal((await nearby('schedule', 'pause', 'none')).status, ERROR_EXITS['schedule-unknown']);
    assert.equal((await nearby('schedule', 'rm', 'often')).status, 0);
    assert.deepEqual(await gateway.control.schedules(), []);
    assert.equal((await nearby('invite', 'Bob')).status, ERROR_EXITS['access-refused']);
  });

  it('stops a run that another phone follows', async () => {
    const following = nearby('run', 'hello', '--args', 'stay=1', '--json');
    let id = '';
    for (let tries = 0; tries < 200 && id === ''; tries++) {
      await delay(50);
      const [newest] = await gateway.control.runs(1);
      if (newest?.state.kind === 'reporting') id = newest.id;
    }
    const stopped = await nearby('stop', id);
    assert.equal(stopped.status, 0, stopped.stderr);
    assert.match(stopped.stdout, /hello: stopped on request/);
    const { status, stdout } = await following;
    assert.equal(status, 0);
    assert.match(stdout.trimEnd().split('\n').at(-1) ?? '', /"end":"killed-by-user"/);
  });

  it('ends with the status of what went wrong on the gateway', async () => {
    const refused: readonly (readonly [readonly string[], keyof typeof ERROR_EXITS, RegExp])[] = [
      [['run', 'nonesuch'], 'image-unknown', /nonesuch/],
      [['stop', '0000000000000000'], 'run-unknown', /no run/],
      [['logs', 'zz'], 'usage', /no run id/],
      [['history', 'x', '--last', '0s'], 'usage', /such as 30s/],
      [['enrol', 'perigee:enrol/1/AAAA'], 'usage', /no invitation/],
      [['images', '--gateway', 'Other'], 'access-refused', /no such gateway/],
      [['scan', '--hci', '16'], 'usage', /0 to 15/],
    ];
    for (const [args, code, text] of refused) {
      const { status, stderr } = await nearby(...args);
      assert.equal(status, ERROR_EXITS[code], `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, text);
    }
  });

  it('is known to a gateway that was started again, and may nothing once revoked', async () => {
    const { directory } = gateway;
    process.kill(gateway.processId, 'SIGKILL');
    await gateway.exited;
    gateway = await startGatewayProcess(settings, directory);
    assert.match((await nearby('images')).stdout, /\nhello/);
    await technician('revoke', 'Ada');
    const { status, stderr } = await nearby('images');
    assert.equal(status, ERROR_EXITS['access-refused']);
    assert.match(stderr, /does not know this phone/);
  });

  it('does not take another gateway for the one that it knows, whatever that calls itself', async () => {
    await using other = await startGatewayProcess(settings);
    const { status, stderr } = await perigee([
      ...['nearby', 'images', '--data', own, '--air', join(other.directory, 'air.sock')],
    ]);
    assert.equal(status, ERROR_EXITS['radio-unavailable']);
    assert.match(stderr, /no gateway in reach has the key/);
  });

  it('says what is wrong with a key that cannot be read', async () => {
    const path = join(own, 'phone.json');
    const before = readFileSync(path);
    writeFileSync(path, '{"secretKey": "short"}');
    const { status, stderr } = await nearby('images');
    assert.equal(status, ERROR_EXITS['data-dir-unusable']);
    assert.match(stderr, /phone\.json cannot be read/);
    writeFileSync(path, before);
  });
});
