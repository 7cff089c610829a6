import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndReason } from '../../src/domain/index.js';
import { QUEUED, acceleratorFailed, step } from '../../src/runner/lifecycle.js';
import type { Lifecycle, MonitorExit, RunEvent } from '../../src/runner/lifecycle.js';

const exit = (code: number | undefined, stderr = '', signal?: string): RunEvent => ({
  kind: 'exited',
  exit: { code, stderr, signal },
});
const started: readonly RunEvent[] = [{ kind: 'spawned' }, { kind: 'resumed' }, { kind: 'hello' }];
const walk = (events: readonly RunEvent[]): Lifecycle => events.reduce(step, QUEUED);

function reasonAfter(...events: readonly RunEvent[]): EndReason {
  const { state } = walk(events);
  return state.kind === 'ended' ? state.reason : assert.fail(`it is ${state.kind}`);
}

describe('the life cycle', () => {
  it('goes from queued to ended by way of starting, booted, reporting and stopping', () => {
    const events: RunEvent[] = [...started, { kind: 'report' }, { kind: 'done', status: 0 }, exit(0)];
    const seen = events.map((_, i) => walk(events.slice(0, i + 1)).state.kind);
    assert.deepEqual(seen, ['starting', 'starting', 'booted', 'reporting', 'stopping', 'ended']);
  });

  it('never moves backwards and never leaves its end, whatever comes in whatever order', () => {
    const order = ['queued', 'starting', 'booted', 'reporting', 'stopping', 'ended'];
    const all: readonly RunEvent[] = [
      ...started,
      { kind: 'console' },
      { kind: 'report' },
      { kind: 'done', status: 3 },
      { kind: 'shutdown', reason: 'guest-reset', powerOff: 'crashed' },
      { kind: 'panic', detail: 'p' },
      { kind: 'stop', cause: 'user' },
      exit(0),
    ];
    const visit = (life: Lifecycle, depth: number): void => {
      for (const event of all) {
        const next = step(life, event);
        assert.ok(
          order.indexOf(next.state.kind) >= order.indexOf(life.state.kind),
          JSON.stringify([life, event]),
        );
        if (life.state.kind === 'ended') assert.equal(next, life);
        if (depth > 0) visit(next, depth - 1);
      }
    };
    visit(QUEUED, 4);
  });

  it('ends with words that command no terminal, whoever said them', () => {
    const escape = '\u001b]0;owned\u0007';
    for (const events of [
      [...started, { kind: 'panic', detail: `panic: ${escape}` } as const, exit(1)],
      [{ kind: 'spawned' } as const, exit(1, `qemu: ${escape}`)],
    ])
      assert.match(JSON.stringify(reasonAfter(...events)), /: ␛\]0;owned␇"/);
  });

  it('is completed only when the guest said so: an exit status of 0 proves nothing', () => {
    assert.deepEqual(reasonAfter(...started, { kind: 'done', status: 0 }, exit(0)), { kind: 'completed' });
    assert.equal(reasonAfter(...started, { kind: 'report' }, exit(0)).kind, 'crashed');
    assert.equal(
      reasonAfter(...started, { kind: 'shutdown', reason: 'guest-reset', powerOff: 'crashed' }, exit(0)).kind,
      'crashed',
    );
    assert.equal(
      reasonAfter(...started, { kind: 'shutdown', reason: 'guest-shutdown', powerOff: 'crashed' }, exit(0))
        .kind,
      'crashed',
    );
  });

  it('was stopped on request when QEMU was sent a signal that asks it to end, unless it had ended before', () => {
    const signalled: RunEvent = { kind: 'shutdown', reason: 'host-signal', powerOff: 'completed' };
    assert.deepEqual(reasonAfter(...started, signalled, exit(0)), { kind: 'killed-by-user' });
    assert.deepEqual(reasonAfter(...started, { kind: 'done', status: 0 }, signalled, exit(0)), {
      kind: 'completed',
    });
  });

  it('takes a power-off for a good end only in families that say nothing better, and never after a panic', () => {
    const off: RunEvent = { kind: 'shutdown', reason: 'guest-shutdown', powerOff: 'completed' };
    const reset: RunEvent = { kind: 'shutdown', reason: 'guest-reset', powerOff: 'completed' };
    assert.deepEqual(reasonAfter(...started, off, exit(0)), { kind: 'completed' });
    assert.equal(reasonAfter(...started, { kind: 'panic', detail: 'p' }, off, exit(0)).kind, 'crashed');
    assert.equal(reasonAfter(...started, reset, exit(0)).kind, 'crashed');
    assert.equal(reasonAfter(...started, { kind: 'done', status: 3 }, off, exit(0)).kind, 'exit-code');
  });

  it("keeps the guest's own status", () => {
    assert.deepEqual(reasonAfter(...started, { kind: 'done', status: 7 }, exit(0)), {
      kind: 'exit-code',
      code: 7,
    });
  });

  it('believes the first Done, and no later one', () => {
    const reason = reasonAfter(...started, { kind: 'done', status: 7 }, { kind: 'done', status: 0 }, exit(0));
    assert.deepEqual(reason, { kind: 'exit-code', code: 7 });
  });

  it('names the panic before the reset that followed it', () => {
    const panic: RunEvent = { kind: 'panic', detail: 'panic: no port' };
    const reason = reasonAfter(
      ...started,
      panic,
      { kind: 'shutdown', reason: 'guest-reset', powerOff: 'crashed' },
      exit(0),
    );
    assert.deepEqual(reason, { kind: 'crashed', detail: 'panic: no port' });
  });

  it('tells who stopped it', () => {
    const stopped = (cause: 'user' | 'time-limit' | 'never-ready'): string =>
      reasonAfter(...started, { kind: 'stop', cause }, exit(undefined, '', 'SIGKILL')).kind;
    assert.deepEqual(
      [stopped('user'), stopped('time-limit'), stopped('never-ready')],
      ['killed-by-user', 'timed-out', 'never-ready'],
    );
  });

  it('counts a guest as stopped that said Done because it was asked to, and as completed one that had said so before', () => {
    const stop: RunEvent = { kind: 'stop', cause: 'user' };
    const done: RunEvent = { kind: 'done', status: 0 };
    assert.deepEqual(reasonAfter(...started, stop, done, exit(0)), { kind: 'killed-by-user' });
    assert.deepEqual(reasonAfter(...started, done, stop, exit(0)), { kind: 'completed' });
    const panic: RunEvent = { kind: 'panic', detail: 'p' };
    assert.equal(reasonAfter(...started, panic, stop, exit(0)).kind, 'crashed');
  });

  it("shows QEMU's own words when it never got as far as its monitor", () => {
    const reason = reasonAfter({ kind: 'spawned' }, exit(1, "qemu: unsupported machine type 'x'"));
    assert.deepEqual(reason, { kind: 'host-refused', detail: "qemu: unsupported machine type 'x'" });
  });

  it('shows what QEMU died of, and not what it merely warned of', () => {
    const words = 'qemu: warning: TCG lacks a feature\nqemu: could not load kernel';
    assert.deepEqual(reasonAfter({ kind: 'spawned' }, exit(1, words)), {
      kind: 'host-refused',
      detail: 'qemu: could not load kernel',
    });
    const memory = 'qemu: warning: x\nqemu: cannot set up guest memory: Cannot allocate memory\n';
    assert.deepEqual(reasonAfter({ kind: 'spawned' }, exit(1, memory)), { kind: 'out-of-memory' });
  });

  it('recognises a board without enough memory', () => {
    const reason = reasonAfter(
      { kind: 'spawned' },
      exit(1, 'qemu: cannot set up guest memory: Cannot allocate memory'),
    );
    assert.deepEqual(reason, { kind: 'out-of-memory' });
  });

  it('names the signal of a QEMU that somebody else killed', () => {
    const reason = reasonAfter(...started, exit(undefined, '', 'SIGKILL'));
    assert.deepEqual(reason, { kind: 'crashed', detail: 'QEMU ended with signal SIGKILL' });
    const early = reasonAfter({ kind: 'spawned' }, exit(undefined, '', 'SIGKILL'));
    assert.deepEqual(early, reason, 'nothing refused it');
  });

  it('tells a guest that QEMU stopped by itself as crashed, and never as refused', () => {
    const reason = reasonAfter(
      ...started,
      { kind: 'paused' },
      exit(undefined, 'KVM: entry failed', 'SIGKILL'),
    );
    assert.equal(reason.kind, 'crashed');
    assert.match(JSON.stringify(reason), /stopped the guest by itself .*: KVM: entry failed/);
  });

  it('blames the accelerator for what no guest can have done, and for nothing else', () => {
    const after = (...events: readonly RunEvent[]): Lifecycle => walk(events);
    const killed: MonitorExit = { code: undefined, signal: 'SIGKILL', stderr: '' };
    const ended: MonitorExit = { code: 1, signal: undefined, stderr: '' };
    const paused: RunEvent = { kind: 'paused' };
    const stopped: RunEvent = { kind: 'stop', cause: 'user' };
    const shut: RunEvent = { kind: 'shutdown', reason: 'guest-reset', powerOff: 'crashed' };
    assert.equal(acceleratorFailed(after({ kind: 'spawned' }), ended), true);
    assert.equal(acceleratorFailed(after(...started, paused), killed), true);
    assert.equal(acceleratorFailed(after({ kind: 'spawned' }), killed), false, 'somebody killed it');
    assert.equal(acceleratorFailed(after(...started, { kind: 'report' }, paused), killed), false, 'it ran');
    assert.equal(acceleratorFailed(after({ kind: 'spawned' }, stopped), ended), false, 'it was stopped');
    assert.equal(acceleratorFailed(after(...started, shut), ended), false, 'the guest ended');
  });
});
