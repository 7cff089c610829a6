import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { StoreForecast, StoreStatistics } from '../../src/domain/index.js';
import { createLogger, systemClock } from '../../src/platform/index.js';
import { openLevelStore, type StoreReport } from '../../src/store/index.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0' });
});
after(() => gateway[Symbol.asyncDispose]());

const store = (...args: readonly string[]) => perigee(['store', ...args, '--data', gateway.directory]);

/** A store of one sample, which nobody has open. */
async function writeOne(directory: string): Promise<void> {
  await using written = await openLevelStore({
    ...{ directory, clock: systemClock, logger: createLogger('silent') },
  });
  const times = { monotonicUs: systemClock.monotonicUs(), wallMs: systemClock.wallMs() };
  const series = { name: 'a', labels: {}, unit: 'count' } as const;
  await written.append({ ...times, samples: [{ series, value: 4711 }] });
}

describe('perigee store', () => {
  it('tells what the store of a running gateway takes, also on the page', async () => {
    const { status, stdout } = await store('stats', '--json', '--card-size', '16GB');
    assert.equal(status, 0);
    const told = JSON.parse(stdout) as StoreStatistics & { forecast: StoreForecast };
    assert.ok(told.files.headLogBytes > 2 ** 20, stdout);
    assert.deepEqual([told.forecast.card.cardBytes, told.forecast.card.ratedCycles], [16e9, 500]);
    const { webUrl } = await gateway.control.status();
    const answer = await fetch(`${webUrl ?? ''}/api/store`);
    assert.ok('forecast' in ((await answer.json()) as object));
    const { stdout: text } = await store('stats');
    assert.match(text, /^NEWEST +A POINT/);
    assert.match(text, /Card wear: not known before .* 500 cycles/);
  });

  it('compacts the store of a running gateway, and not by the page', async () => {
    const { status, stdout, stderr } = await store('compact');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /tables took .*, and take /);
    assert.match(stderr, /compacting … 100 %/);
    const { webUrl } = await gateway.control.status();
    assert.equal((await fetch(`${webUrl ?? ''}/api/store/compact`, { method: 'POST' })).status, 404);
  });

  it('checks and repairs a store that no gateway uses, and touches none that one uses', async () => {
    const directory = tempFolder('stopped');
    const logger = createLogger('silent');
    await (await openLevelStore({ directory, clock: systemClock, logger }))[Symbol.asyncDispose]();
    const stopped = (command: string, ...args: readonly string[]) =>
      perigee(['store', command, '--data', directory, ...args]);
    const sound = await stopped('check');
    assert.equal(sound.status, 0, sound.stderr);
    assert.match(sound.stdout, /everything is as it was written/);
    rmSync(join(directory, 'store', 'CURRENT'));
    const found = await stopped('check', '--json');
    assert.equal(found.status, 6, found.stderr);
    assert.match(found.stderr, /perigee store repair/);
    const { findings } = JSON.parse(found.stdout) as StoreReport;
    assert.deepEqual(findings, [{ about: 'file', text: 'CURRENT names no manifest that is there' }]);
    const repaired = await stopped('repair');
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(
      repaired.stdout,
      /CURRENT names no manifest that is there\nnothing is known to be lost; .*\nWhat could not be read is in .*damaged-/,
    );
    assert.equal((await stopped('check')).status, 0);
    assert.match((await stopped('repair')).stdout, /nothing that was measured is lost/);
    const doctor = await perigee(['doctor', '--json', '--data', directory]);
    assert.match(doctor.stdout, /set aside once, last in store\.damaged-/);
    for (const command of ['check', 'repair']) {
      const { status, stderr } = await store(command);
      assert.equal(status, 5, stderr);
      assert.match(stderr, /a gateway is using .*\n.*Stop the gateway first/);
    }
  });

  it('drops nothing of a stopped store, however little the configuration of a command keeps', async () => {
    const directory = tempFolder('old');
    const hours = 40 * 24;
    {
      let hour = 0;
      const clock = { monotonicUs: () => hour * 3600 * 1e6, wallMs: () => hour * 3600 * 1000 };
      await using old = await openLevelStore({ directory, clock, logger: createLogger('silent') });
      for (; hour < hours; hour += 1) {
        const times = { monotonicUs: clock.monotonicUs(), wallMs: clock.wallMs() };
        const series = { name: 'a', labels: {}, unit: 'count' } as const;
        await old.append({ ...times, samples: [{ series, value: hour }] });
      }
    }
    const frugal = { PERIGEE_STORE_KEEP_RAW_DAYS: '1' };
    const ask = async (...args: readonly string[]): Promise<string> => {
      const { status, stdout, stderr } = await perigee([...args, '--data', directory], frugal);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    for (const command of [
      ['store', 'stats'],
      ['store', 'compact'],
      ['backup', '-'],
      ['store', 'repair'],
    ]) {
      await ask(...command);
      const rows = await ask('export', 'a', '--from', '1970-01-01', '--to', '1970-03-01');
      assert.equal(rows.trimEnd().split('\n').length, 1 + hours, `after ${command.join(' ')}`);
    }
    const settings = { keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0', 'store.keepRawDays': '1' };
    await using owner = await startGatewayProcess(settings, directory);
    const countKept = async (): Promise<number> => {
      let kept = 0;
      const request = { series: 'a', fromMs: 0, toMs: 60 * 86_400_000, resolution: 'raw' } as const;
      for await (const points of owner.control.history(request)) kept += points.length;
      return kept;
    };
    // A gateway drops in the background: until it has, the runner of tests waits.
    while ((await countKept()) === hours) await delay(50);
  });

  it('changes no byte of a stopped store by reading it, nor begins an epoch in it', async () => {
    const directory = tempFolder('untouched');
    await writeOne(directory);
    const bytesIn = (): object =>
      readdirSync(join(directory, 'store')).map((name) => [
        name,
        readFileSync(join(directory, 'store', name), 'latin1'),
      ]);
    const before = bytesIn();
    const asked: string[] = [];
    for (const command of [
      'export',
      'export a',
      'store stats',
      'store check',
      'backup -',
      'images rm none',
    ]) {
      const { stdout } = await perigee([...command.split(' '), '--data', directory]);
      asked.push(stdout);
      assert.deepEqual(bytesIn(), before, command);
    }
    assert.match(asked[1] ?? '', /,4711\n$/);
    assert.match(asked[3] ?? '', /1 starts/);
  });

  it('reads a store on a card that is mounted read-only, and does not compact it', async (test) => {
    const directory = tempFolder('read-only');
    await writeOne(directory);
    try {
      execFileSync('mount', ['--bind', '-o', 'ro', directory, directory], { stdio: 'ignore' });
    } catch {
      test.skip('may not mount one');
      return;
    }
    try {
      const ask = (...args: readonly string[]) => perigee([...args, '--data', directory]);
      assert.match((await ask('export', 'a')).stdout, /,4711\n$/);
      const saved = join(tempFolder('saved'), 'perigee.backup');
      const backup = await ask('backup', saved);
      assert.equal(backup.status, 0, backup.stderr);
      const restored = tempFolder('restored');
      assert.equal((await perigee(['restore', saved, '--data', restored])).status, 0);
      assert.match((await perigee(['export', 'a', '--data', restored])).stdout, /,4711\n$/);
      assert.equal((await ask('store', 'stats')).status, 0);
      assert.match((await ask('store', 'compact')).stderr, /cannot use the directory .*EROFS/);
    } finally {
      execFileSync('umount', [directory]);
    }
  });

  it('says that there is no store, or that a size is none', async () => {
    const { status, stderr } = await perigee(['store', 'stats', '--data', tempFolder('no-store')]);
    assert.equal(status, 4, stderr);
    assert.match(stderr, /there is no store in/);
    assert.equal((await store('stats', '--card-size', 'large')).status, 2);
  });
});

describe('perigee backup', () => {
  const folder = tempFolder('backups');

  it('of a running gateway is restored into an empty directory, and nowhere else', async () => {
    const { status, stdout, stderr } = await perigee([
      'backup',
      folder,
      '--data',
      gateway.directory,
      '--json',
    ]);
    assert.equal(status, 0, stderr);
    const { file, gatewayId } = JSON.parse(stdout) as { file: string; gatewayId: string };
    assert.deepEqual(readdirSync(folder), [basename(file)]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const target = join(folder, 'restored');
    const restored = await perigee(['restore', file, '--data', target]);
    assert.equal(restored.status, 0, restored.stderr);
    assert.match(restored.stdout, new RegExp(`restored gateway ${gatewayId} into`));
    assert.equal((await perigee(['restore', file, '--data', target])).status, 4);
    await using copy = await startGatewayProcess(
      { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' },
      target,
    );
    const { epoch, gatewayId: copied } = await copy.control.status();
    assert.equal(copied, gatewayId);
    assert.ok(epoch > 2 ** 16, `start ${epoch}`);
  });

  it('of a stopped gateway is made as well, and only of one that was there', async () => {
    const directory = join(folder, 'stopped');
    const first = await startGatewayProcess(
      { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' },
      directory,
    );
    process.kill(first.processId, 'SIGKILL');
    await first.exited;
    const file = join(folder, 'x.backup');
    const { status, stderr } = await perigee(['backup', file, '--data', directory]);
    assert.equal(status, 0, stderr);
    assert.ok(existsSync(file) && !existsSync(`${file}.part`));
    assert.deepEqual(await perigee(['export', '--data', directory]), { status: 0, stdout: '', stderr: '' });
    assert.equal((await perigee(['backup', file, '--data', join(folder, 'none')])).status, 4);
  });

  it('is not offered on the page, and says what it could not write or read', async () => {
    const { webUrl } = await gateway.control.status();
    assert.equal((await fetch(`${webUrl ?? ''}/api/store/backup`)).status, 404);
    const nowhere = await perigee(['backup', join(folder, 'no', 'x'), '--data', gateway.directory]);
    assert.deepEqual([nowhere.status, nowhere.stderr.includes('cannot write')], [2, true], nowhere.stderr);
    const target = join(folder, 'empty');
    for (const [file, status] of [
      [join(folder, 'missing'), 2],
      [process.execPath, 25],
    ] as const) {
      const restored = await perigee(['restore', file, '--data', target]);
      assert.equal(restored.status, status, restored.stderr);
      assert.deepEqual(readdirSync(target), []);
    }
  });
});
