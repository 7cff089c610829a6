import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RESTART_POLICIES, isFailure, type EndReason, type RestartPolicy } from '../../src/domain/index.js';
import {
  FAILURES_MAX,
  FAILURES_WITHIN_MS,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  NO_RUNS,
  STEADY_MS,
  afterRun,
  type Next,
  type RestartState,
} from '../../src/scheduler/restart.js';

const GOOD: readonly EndReason[] = [{ kind: 'completed' }, { kind: 'killed-by-user' }, { kind: 'timed-out' }];
const BAD: readonly EndReason[] = [
  { kind: 'exit-code', code: 3 },
  { kind: 'crashed', detail: 'panic' },
  { kind: 'out-of-memory' },
  { kind: 'never-ready' },
  { kind: 'host-refused', detail: 'no QEMU' },
];

const after = (reason: EndReason, policy: RestartPolicy, lastedMs = 0, before = NO_RUNS, chance = 0): Next =>
  afterRun(before, { reason, lastedMs, endedAtMs: 0 }, policy, chance).next;

/** The pauses after so many runs of this kind, one `everyMs` after the other. */
function pauses(count: number, reason: EndReason, everyMs = 0, lastedMs = 0): readonly (number | string)[] {
  let state: RestartState = NO_RUNS;
  return Array.from({ length: count }, (_, index) => {
    const end = { reason, lastedMs, endedAtMs: index * everyMs };
    const { next, state: following } = afterRun(state, end, 'always', 0);
    state = following;
    return next.kind === 'again' ? next.afterMs : next.kind;
  });
}

describe('a run that has ended', () => {
  it('is started again as its policy says, and by how it ended', () => {
    const table = RESTART_POLICIES.flatMap((policy) =>
      [...GOOD, ...BAD].map((reason) => [policy, reason.kind, after(reason, policy).kind] as const),
    );
    const again = table.filter(([, , kind]) => kind === 'again');
    assert.deepEqual(
      again.map(([policy, reason]) => `${policy} ${reason}`),
      [
        ...BAD.map(({ kind }) => `on-failure ${kind}`),
        ...[...GOOD, ...BAD].map(({ kind }) => `always ${kind}`),
      ],
    );
    assert.ok(table.every(([, , kind]) => kind === 'again' || kind === 'done'));
  });

  it('has failed unless its end was good or was asked for', () => {
    assert.ok(GOOD.every((reason) => !isFailure(reason)));
    assert.ok(BAD.every(isFailure));
  });
});

describe('the pause before a restart', () => {
  it('doubles with each short run, up to a minute', () => {
    const expected = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000);
    assert.deepEqual(pauses(8, { kind: 'completed' }), expected);
    assert.deepEqual([FIRST_PAUSE_MS, LONGEST_PAUSE_MS], [1000, 60_000]);
  });

  it('is a short one again after a run that lasted', () => {
    assert.deepEqual(pauses(3, { kind: 'completed' }, STEADY_MS, STEADY_MS), [1000, 1000, 1000]);
  });

  it('is shorter by chance, by half of it at most', () => {
    const pause = (chance: number): Next => after({ kind: 'completed' }, 'always', 0, NO_RUNS, chance);
    assert.deepEqual(pause(0), { kind: 'again', afterMs: 1000 });
    assert.deepEqual(pause(1), { kind: 'again', afterMs: 500 });
  });
});

describe('a crash loop', () => {
  const crashed: EndReason = { kind: 'crashed', detail: 'panic' };

  it('is so many failures within so long, and no fewer', () => {
    assert.deepEqual(pauses(FAILURES_MAX, crashed).at(-2), 8000);
    assert.equal(pauses(FAILURES_MAX, crashed).at(-1), 'crash-loop');
  });

  it('is none when they are further apart, or were asked for', () => {
    const apart = FAILURES_WITHIN_MS / (FAILURES_MAX - 1);
    assert.equal(pauses(20, crashed, apart).includes('crash-loop'), false);
    assert.equal(pauses(20, crashed, apart - 1).includes('crash-loop'), true);
    for (const reason of GOOD) assert.equal(pauses(20, reason).includes('crash-loop'), false);
  });

  it('ends what would not have been restarted, too, and tells its figures', () => {
    const failedAtMs = Array.from({ length: FAILURES_MAX - 1 }, () => 0);
    for (const policy of RESTART_POLICIES)
      assert.deepEqual(after(crashed, policy, 0, { streak: 0, failedAtMs }), {
        ...{ kind: 'crash-loop', failures: FAILURES_MAX, withinMs: FAILURES_WITHIN_MS },
      });
  });

  it('remembers no more failures than it takes', () => {
    let state: RestartState = NO_RUNS;
    for (let index = 0; index < 1000; index += 1)
      state = afterRun(
        state,
        { reason: crashed, lastedMs: 0, endedAtMs: index * 600_000 },
        'always',
        0,
      ).state;
    assert.equal(state.failedAtMs.length, 1);
  });
});
