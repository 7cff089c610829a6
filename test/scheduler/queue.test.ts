import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdmissionRequest } from '../../src/domain/index.js';
import type { Board, Guest } from '../../src/scheduler/budget.js';
import {
  HEAD_START_MS,
  PATIENCE_MS,
  inTurn,
  nextIn,
  reasonFor,
  sameWait,
  type Wait,
  type Waiting,
} from '../../src/scheduler/queue.js';
import { request } from './support-scheduler.js';

const waiter = (sinceMs: number, asked: AdmissionRequest = request()): Waiting => ({
  request: asked,
  sinceMs,
});

function board(availableMib: number, running: readonly Guest[] = []): Board {
  const memory = { totalMib: 640, availableMib: availableMib + 64 };
  return { limits: { runs: 8, vcpus: 8 }, memory, running, ready: [] };
}

describe('whose turn it is', () => {
  it('is that of who came first', () => {
    const [a, b, c] = [waiter(3), waiter(1), waiter(2)];
    assert.deepEqual(inTurn([a, b, c]), [b, c, a]);
  });

  it('is that of whose priority is higher, before all others of that time', () => {
    const [low, high, higher] = [
      waiter(0),
      waiter(5, request({ priority: 1 })),
      waiter(9, request({ priority: 2 })),
    ];
    assert.deepEqual(inTurn([low, high, higher]), [higher, high, low]);
  });

  it('is in the end that of who has waited long, whatever comes later', () => {
    const patient = waiter(0, request({ priority: -9 }));
    const urgent = (sinceMs: number): Waiting => waiter(sinceMs, request({ priority: 9 }));
    assert.equal(inTurn([patient, urgent(18 * HEAD_START_MS - 1)]).at(-1), patient);
    assert.equal(inTurn([patient, urgent(18 * HEAD_START_MS + 1)])[0], patient);
  });
});

describe('what is too big for now', () => {
  const big = waiter(0, request({ memoryMib: 100 }));
  const small = waiter(1);

  it('lets a smaller run pass for a while', () => {
    assert.equal(nextIn([big, small], board(50), PATIENCE_MS - 1).next, small);
  });

  it('is then passed by nobody, and the others say so', () => {
    const { next, waits } = nextIn([big, small], board(50), PATIENCE_MS);
    assert.equal(next, undefined);
    assert.deepEqual(waits, [
      { who: big, wait: { kind: 'memory', neededMib: 132, freeMib: 50 } },
      { who: small, wait: { kind: 'behind', runs: 1 } },
    ]);
  });

  it('starts as soon as it fits', () => {
    assert.equal(nextIn([big, small], board(132), PATIENCE_MS).next, big);
  });
});

describe('a run whose guest is ready', () => {
  const served = waiter(1, request({ ready: { [Symbol.dispose]: () => undefined } }));

  it('passes what waits for memory, however long, since it takes none', () => {
    const big = waiter(0, request({ memoryMib: 100 }));
    assert.equal(nextIn([big, served], board(50), PATIENCE_MS).next, served);
  });

  it('does not pass what has waited long for a place', () => {
    const wide = waiter(0, request({ vcpus: 8 }));
    const busy = board(500, [{ image: served.request.image, vcpus: 1, costMib: 36, residentMib: 36 }]);
    assert.equal(nextIn([wide, served], busy, PATIENCE_MS - 1).next, served);
    assert.equal(nextIn([wide, served], busy, PATIENCE_MS).next, undefined);
  });
});

describe('a run that waits for others of its image', () => {
  it('keeps nobody else from starting, however long it waits', () => {
    const one = waiter(0, request({ maxConcurrent: 1 }));
    const other = waiter(1, request({ name: 'other' }));
    const { image } = one.request;
    const busy = board(500, [{ image, vcpus: 1, costMib: 36, residentMib: 36 }]);
    assert.equal(nextIn([one, other], busy, 10 * PATIENCE_MS).next, other);
    assert.deepEqual(nextIn([one], busy, 0).waits, [{ who: one, wait: { kind: 'image', image, limit: 1 } }]);
  });
});

describe('the reason for a wait', () => {
  const waits: readonly (readonly [Wait, RegExp])[] = [
    [{ kind: 'image', image: request().image, limit: 2 }, /of hello .* \(2\)/],
    [{ kind: 'runs', limit: 16 }, /as many guests run .* \(16\)/],
    [{ kind: 'vcpus', needed: 2, free: 1, limit: 32 }, /2 of 32 virtual processors, and 1 are free/],
    [{ kind: 'memory', neededMib: 96, freeMib: 40 }, /96 MiB of memory, and 40 MiB are free/],
    [{ kind: 'behind', runs: 1 }, /one run is before it/],
    [{ kind: 'behind', runs: 3 }, /3 runs are before it/],
  ];

  it('is a clause that a person understands, with its figures', () => {
    for (const [wait, text] of waits) assert.match(reasonFor(waiter(0), wait, board(1), 0, true).text, text);
  });

  it('says for how long at most only for the one that is first', () => {
    const ends = { image: request().image, vcpus: 8, costMib: 36, residentMib: 36, endsByMs: 700 };
    const { waits: told } = nextIn([waiter(0)], board(400, [ends]), 0);
    const [{ who, wait } = assert.fail('it waits')] = told;
    assert.equal(reasonFor(who, wait, board(400, [ends]), 200, true).expectedMs, 700, 'since it came');
    assert.equal(reasonFor(who, wait, board(400, [ends]), 200, false).expectedMs, undefined);
  });

  it('is the same while only figures of the board change', () => {
    assert.ok(
      sameWait({ kind: 'memory', neededMib: 9, freeMib: 1 }, { kind: 'memory', neededMib: 9, freeMib: 2 }),
    );
    assert.ok(!sameWait({ kind: 'behind', runs: 2 }, { kind: 'behind', runs: 1 }));
    assert.ok(!sameWait({ kind: 'behind', runs: 2 }, { kind: 'runs', limit: 1 }));
    assert.ok(!sameWait(undefined, { kind: 'runs', limit: 1 }));
  });
});
