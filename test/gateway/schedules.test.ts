import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { parseImageName } from '../../src/domain/index.js';
import type { GatewayControl, RunRecord, Schedule, ScheduleStatus, Trigger } from '../../src/domain/index.js';
import { newRunId } from '../../src/platform/index.js';
import { changedImage } from '../runner/support-runner.js';
import { failsWith } from '../support/expect.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const images = tempFolder('images');
changedImage(images, 'hello', {});
changedImage(images, 'hostsense', { afterRestart: 'adopt', readyWithinMs: 60_000 });

const settings = {
  ...{ imagesDirectory: images, keepRunning: '[]', logLevel: 'silent' },
  ...{ 'radio.mode': 'off', 'web.enabled': 'false' },
};

/** Tries of 50 ms each: five failures take their pauses, and this machine may be busy. */
const TRIES = 1200;

async function until<T>(claim: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(50);
  }
  throw new Error(`not within a minute: ${claim}`);
}

const scheduleOf = async (control: GatewayControl, name: string): Promise<ScheduleStatus> =>
  (await control.schedules()).find((each) => each.name === name) ?? assert.fail(`there is ${name}`);

const inState = (control: GatewayControl, name: string, kind: string): Promise<ScheduleStatus> =>
  until(`${name} is ${kind}`, async () => {
    const status = await scheduleOf(control, name);
    return status.state.kind === kind ? status : undefined;
  });

function of(name: string, image: string, trigger: Trigger, changes: Partial<Schedule> = {}): Schedule {
  return {
    ...{ name, image: parseImageName(image), trigger, jitterMs: 0, missed: 'run-once', overlap: 'skip' },
    ...{ restart: 'never', priority: 0 },
    ...changes,
  };
}

/** Far enough for a guest to be made ready. */
const soon = (): Trigger => ({
  kind: 'at',
  time: new Date(Date.now() + 4000).toISOString().slice(0, 19) + 'Z',
});

const started = async (control: GatewayControl, image: string, args = ''): Promise<RunRecord> => {
  const id = newRunId();
  for await (const item of control.run({ id, image, args })) if (item.kind === 'changed') return item.run;
  throw new Error('the gateway ended first');
};

describe('a schedule of a real gateway', () => {
  it('starts a guest that was made ready for it, once, and says how it ended', async () => {
    await using gateway = await startGatewayProcess(settings);
    const { control } = gateway;
    await control.addSchedule(of('once', 'hello', soon()));
    const over = await inState(control, 'once', 'over');
    const { last } = await until('it has ended', async () =>
      over.last ? over : (await scheduleOf(control, 'once')).last && (await scheduleOf(control, 'once')),
    );
    assert.equal(last?.text, 'completed');
    const runs = await control.runs(10);
    assert.deepEqual(
      runs.map(({ id, cause, startedFrom }) => ({ id, cause, startedFrom })),
      [{ id: last.run, cause: { kind: 'schedule', name: 'once' }, startedFrom: 'booted' }],
    );
    assert.deepEqual((await control.status()).readyGuests, {});
  });

  it('queues its run where the board has no place, and the run says why it waits', async () => {
    await using gateway = await startGatewayProcess({ ...settings, 'runner.maxRuns': '1' });
    const { control } = gateway;
    const first = await started(control, 'hello', 'stay=1');
    await control.addSchedule(of('once', 'hello', soon()));
    const waiting = await until('it waits', async () =>
      (await control.runs(10)).find(
        ({ cause, state }) => cause?.kind === 'schedule' && state.kind === 'queued',
      ),
    );
    assert.match(JSON.stringify(waiting.state), /as many guests run as this gateway runs at once \(1\)/);
    assert.equal((await control.status()).queuedRuns, 1);
    await control.stop(first.id);
    const { last } = await until('it has run', async () => {
      const status = await scheduleOf(control, 'once');
      return status.last && status;
    });
    assert.deepEqual([last?.run, last?.text], [waiting.id, 'completed']);
  });

  it('stops each run at its time limit', async () => {
    await using gateway = await startGatewayProcess(settings);
    const { control } = gateway;
    await control.addSchedule(of('once', 'hello', soon(), { args: 'stay=1', timeLimitMs: 200 }));
    const { last } = await until('it has run', async () => {
      const status = await scheduleOf(control, 'once');
      return status.last && status;
    });
    assert.equal(last?.text, 'stopped at its time limit');
  });

  it('is there again after the gateway was killed, with what is missed made up', async () => {
    const first = await startGatewayProcess(settings);
    await first.control.addSchedule(of('once', 'hello', soon()));
    const never = of('never', 'hello', { kind: 'cron', expression: '0 0 30 2 *' });
    await assert.rejects(first.control.addSchedule(never), failsWith('schedule-invalid', /never comes/));
    const none = of('none', 'nonesuch', { kind: 'every', everyMs: 60_000 });
    await assert.rejects(first.control.addSchedule(none), failsWith('image-unknown', /nonesuch/));
    process.kill(first.processId, 'SIGKILL');
    await first.exited;
    await delay(4500);
    await using again = await startGatewayProcess(settings, first.directory);
    const { last } = await until('it has run', async () => {
      const status = await scheduleOf(again.control, 'once');
      return status.last && status;
    });
    assert.equal(last?.text, 'completed');
    assert.equal((await again.control.schedules()).length, 1);
  });
});

describe('an image that is kept running', () => {
  it('and fails again and again is stopped, says so, and starts again once it is cleared', async () => {
    const broken = tempFolder('images');
    changedImage(broken, 'hello', { args: 'fault=die' });
    await using gateway = await startGatewayProcess({
      ...settings,
      ...{ imagesDirectory: broken, keepRunning: '[hello]' },
    });
    const { control } = gateway;
    const { last } = await inState(control, 'hello', 'crash-loop');
    assert.match(last?.text ?? '', /crashed/);
    assert.deepEqual((await control.status()).crashLoops, ['hello']);
    assert.equal((await control.runs(10)).length, 5);
    changedImage(broken, 'hello', { args: 'stay=1' });
    await control.changeSchedule('hello', 'clear');
    await inState(control, 'hello', 'running');
    assert.deepEqual((await control.status()).crashLoops, []);
  });

  it('and was taken over from a gateway that was killed is not started a second time', async () => {
    const kept = { ...settings, keepRunning: '[hostsense]' };
    const first = await startGatewayProcess(kept);
    const before = await until('it reports', async () =>
      (await first.control.runs(10)).find(({ state }) => state.kind === 'reporting'),
    );
    process.kill(first.processId, 'SIGKILL');
    await first.exited;
    await using again = await startGatewayProcess(kept, first.directory);
    const status = await inState(again.control, 'hostsense', 'running');
    assert.deepEqual(status.state, { kind: 'running', run: before.id });
    assert.deepEqual(
      (await again.control.runs(10)).map(({ id, processId }) => [id, processId]),
      [[before.id, before.processId]],
    );
  });
});
