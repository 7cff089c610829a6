import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  MONITOR_MIB,
  freeMibOf,
  obstacleTo,
  refusalOf,
  reserveMibOf,
  waitMsOf,
  type Board,
  type Guest,
} from '../../src/scheduler/budget.js';
import { request } from './support-scheduler.js';

const { image } = request();

function guest(costMib: number, changes: Partial<Guest> = {}): Guest {
  return { image, vcpus: 1, costMib, residentMib: 0, ...changes };
}

function board(changes: Partial<Board> = {}): Board {
  const limits = { runs: 4, vcpus: 4 };
  return { limits, memory: { totalMib: 2000, availableMib: 1000 }, running: [], ready: [], ...changes };
}

describe('memory that may be given away', () => {
  it('is what the board has free, without a tenth of all that it has', () => {
    assert.equal(reserveMibOf({ totalMib: 2000, availableMib: 0 }), 200);
    assert.equal(freeMibOf(board()), 800);
  });

  it('leaves a small board 64 MiB at least', () => {
    assert.equal(reserveMibOf({ totalMib: 512, availableMib: 0 }), 64);
  });

  it('counts what running guests have not touched yet, and not twice what they have', () => {
    assert.equal(freeMibOf(board({ running: [guest(300)] })), 500);
    assert.equal(freeMibOf(board({ running: [guest(300, { residentMib: 100 })] })), 600);
    assert.equal(freeMibOf(board({ running: [guest(300, { residentMib: 400 })] })), 800);
  });

  it('is less where the configuration says so, and never more than the board has', () => {
    const limited = (memoryMib: number): Board => board({ limits: { runs: 4, vcpus: 4, memoryMib } });
    assert.equal(freeMibOf(limited(100)), 100);
    assert.equal(
      freeMibOf({ ...limited(100), running: [guest(30)], ready: [{ costMib: 50, residentMib: 9 }] }),
      20,
    );
    assert.equal(freeMibOf(limited(5000)), 800);
  });
});

describe('a run may start', () => {
  it('when nothing is in its way', () => {
    assert.equal(obstacleTo(request(), board()), undefined);
  });

  it('with the last MiB, and not with one less', () => {
    const exact = board({ memory: { totalMib: 2000, availableMib: 200 + 4 + MONITOR_MIB } });
    assert.equal(obstacleTo(request(), exact), undefined);
    const short = board({ memory: { totalMib: 2000, availableMib: 200 + 3 + MONITOR_MIB } });
    assert.deepEqual(obstacleTo(request(), short), { kind: 'memory', neededMib: 36, freeMib: 35 });
  });

  it('without memory of its own when a guest that is kept ready serves it', () => {
    const none = board({ memory: { totalMib: 2000, availableMib: 0 } });
    assert.equal(obstacleTo(request(), none)?.kind, 'memory');
    assert.equal(obstacleTo(request(), none, true), undefined);
  });

  it('only beside as many others as there may be, of its image and of all', () => {
    const running = [guest(1), guest(1), guest(1)];
    assert.equal(obstacleTo(request(), board({ running })), undefined);
    assert.equal(obstacleTo(request({ maxConcurrent: 3 }), board({ running }))?.kind, 'image');
    assert.equal(obstacleTo(request({ name: 'other', maxConcurrent: 3 }), board({ running })), undefined);
    assert.deepEqual(obstacleTo(request(), board({ running: [...running, guest(1)] })), {
      kind: 'runs',
      limit: 4,
    });
  });

  it('only when so many virtual processors are free', () => {
    const running = [guest(1, { vcpus: 3 })];
    assert.equal(obstacleTo(request({ vcpus: 1 }), board({ running })), undefined);
    const needed = { kind: 'vcpus', needed: 2, free: 1, limit: 4 };
    assert.deepEqual(obstacleTo(request({ vcpus: 2 }), board({ running })), needed);
  });
});

describe('a run that could never start', () => {
  const memory = { totalMib: 1000, availableMib: 10 };
  it('is refused with the figures', () => {
    const refusal = refusalOf(request({ memoryMib: 65_536 }), { limits: { runs: 1, vcpus: 4 }, memory });
    assert.equal(refusal?.code, 'run-refused');
    assert.equal(
      refusal.message,
      'hello needs 65568 MiB (65536 of its own and 32 for its monitor), and this board has 1000 MiB, of which 100 are kept free',
    );
  });

  it('is refused for what the configuration allows, too', () => {
    const limits = { runs: 1, vcpus: 4, memoryMib: 100 };
    assert.equal(refusalOf(request({ memoryMib: 68 }), { limits, memory }), undefined);
    assert.match(
      refusalOf(request({ memoryMib: 69 }), { limits, memory })?.message ?? '',
      /guests have 100 MiB/,
    );
    assert.equal(
      refusalOf(request({ memoryMib: 69 }), { limits, memory }, true),
      undefined,
      'it has it already',
    );
    assert.match(
      refusalOf(request({ vcpus: 5 }), { limits, memory }, true)?.message ?? '',
      /5 virtual processors/,
    );
  });

  it('is not one that only has to wait for memory that others use now', () => {
    assert.equal(
      refusalOf(request({ memoryMib: 800 }), { limits: { runs: 1, vcpus: 4 }, memory }),
      undefined,
    );
  });
});

describe('how long a run waits at most', () => {
  const full = (running: readonly Guest[]): Board => board({ limits: { runs: 2, vcpus: 9 }, running });

  it('is told by the time limits of those that run', () => {
    const running = [guest(1, { endsByMs: 900 }), guest(1, { endsByMs: 700 })];
    assert.equal(waitMsOf(request(), full(running), 100), 600);
    assert.equal(waitMsOf(request({ vcpus: 9 }), full(running), 100), 800);
    assert.equal(waitMsOf(request(), full(running), 5000), 0);
  });

  it('counts the memory that they give back', () => {
    const short = board({
      memory: { totalMib: 2000, availableMib: 200 },
      running: [guest(36, { residentMib: 36, endsByMs: 500 })],
    });
    assert.equal(waitMsOf(request(), short, 0), 500);
    assert.equal(waitMsOf(request({ memoryMib: 50 }), short, 0), undefined);
  });

  it('is not known where they have none', () => {
    assert.equal(waitMsOf(request(), full([guest(1), guest(1)]), 0), undefined);
  });
});
