import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wantsOf } from '../../src/cli/image-wants.js';
import { loadConfig } from '../../src/config/index.js';
import { parseImageName } from '../../src/domain/index.js';
import type { GatewayControl, GatewayStatus, ScheduleStatus, Trigger } from '../../src/domain/index.js';
import { schedule } from '../scheduler/support-scheduler.js';

const HELLO = parseImageName('hello');
const EVERY: Trigger = { kind: 'every', everyMs: 60_000 };

/** A gateway that keeps so many guests of hello ready, and has these schedules. */
function gateway(
  ready: number,
  ...triggers: readonly Trigger[]
): Pick<GatewayControl, 'schedules' | 'status'> {
  const schedules = triggers.map((trigger): ScheduleStatus => ({
    ...schedule(trigger),
    state: { kind: 'waiting' },
    skipped: 0,
  }));
  return {
    schedules: () => Promise.resolve(schedules),
    status: () => Promise.resolve({ readyGuests: { hello: ready } } as unknown as GatewayStatus),
  };
}

const wants = (overrides: readonly (readonly [string, string])[], running: ReturnType<typeof gateway>) =>
  wantsOf(HELLO, loadConfig({ overrides, env: {} }), running);

describe('what wants an image', () => {
  const nothing = [['keepRunning', '[]']] as const;

  it('is told of a gateway whose configuration the command does not have', async () => {
    const all = gateway(1, { kind: 'kept' }, EVERY);
    const phrases = [
      'the gateway keeps it ready',
      'the gateway keeps it running',
      'schedule often starts it',
    ];
    assert.deepEqual(await wants(nothing, all), phrases);
    assert.deepEqual(await wants(nothing, gateway(0)), []);
  });

  it('is told once where the command has it too', async () => {
    const same = [['keepRunning', '[hello]'] as const, ['runner.warm', '{hello: 1}'] as const];
    const phrases = ['keepRunning names it', 'runner.warm keeps it ready'];
    assert.deepEqual(await wants(same, gateway(1, { kind: 'kept' })), phrases);
  });
});
