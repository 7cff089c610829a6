import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { Admission, AdmissionRequest, ReadyRequest, RunId } from '../../src/domain/index.js';
import { createAdmission } from '../../src/scheduler/index.js';
import { failsWith } from '../support/expect.js';
import { FakeClock, request } from './support-scheduler.js';

interface Asked {
  readonly reasons: string[];
  readonly leave: AbortController;
  /** What came of it by now. */
  readonly state: () => Promise<'waits' | 'in' | 'refused'>;
  readonly place: Promise<Disposable>;
}

function gate(changes: { runs?: number; memoryMib?: number; availableMib?: number } = {}): {
  readonly admission: Admission;
  readonly memory: { availableMib: number };
  readonly resident: Map<RunId, number>;
  readonly clock: FakeClock;
} {
  const { runs = 2, memoryMib } = changes;
  const memory = { totalMib: 640, availableMib: changes.availableMib ?? 640 };
  const resident = new Map<RunId, number>();
  const clock = new FakeClock();
  const admission = createAdmission({
    limits: { runs, vcpus: 64, ...(memoryMib === undefined ? {} : { memoryMib }) },
    ...{ memory: () => memory, residentMib: (id) => resident.get(id) ?? 0, clock },
  });
  return { admission, memory, resident, clock };
}

function ask(admission: Admission, asked: AdmissionRequest = request()): Asked {
  const reasons: string[] = [];
  const leave = new AbortController();
  const place = admission.enter(asked, leave.signal, ({ text }) => reasons.push(text));
  const settled = place.then(
    () => 'in' as const,
    () => 'refused' as const,
  );
  const state = (): Promise<'waits' | 'in' | 'refused'> =>
    Promise.race([settled, new Promise<'waits'>((done) => setImmediate(() => done('waits')))]);
  return { reasons, leave, state, place };
}

describe('the queue for places', () => {
  it('lets in as many as may run, and the next when one has ended', async () => {
    const { admission } = gate();
    const [a, b, c] = [ask(admission), ask(admission), ask(admission)];
    assert.deepEqual([await a.state(), await b.state(), await c.state()], ['in', 'in', 'waits']);
    assert.deepEqual(c.reasons, ['as many guests run as this gateway runs at once (2)']);
    (await a.place)[Symbol.dispose]();
    assert.equal(await c.state(), 'in');
  });

  it('counts a place that is given up twice once', async () => {
    const { admission } = gate({ runs: 1 });
    const a = ask(admission);
    const [b, c] = [ask(admission), ask(admission)];
    const place = await a.place;
    place[Symbol.dispose]();
    place[Symbol.dispose]();
    assert.deepEqual([await b.state(), await c.state()], ['in', 'waits']);
  });

  it('tells a reason once for as long as it stays the same', async () => {
    const { admission } = gate({ runs: 1 });
    const [a, waits] = [ask(admission), ask(admission)];
    const others = [ask(admission), ask(admission)];
    others.forEach(({ leave }) => leave.abort());
    assert.equal(waits.reasons.length, 1);
    assert.equal(await a.state(), 'in');
    assert.deepEqual(await Promise.all(others.map(({ state }) => state())), ['refused', 'refused']);
  });

  it('lets go of who does not want to wait any longer, with the reason of the signal', async () => {
    const { admission } = gate({ runs: 1 });
    const [a, b, c] = [ask(admission), ask(admission), ask(admission)];
    const why = new Error('the run was stopped');
    b.leave.abort(why);
    await assert.rejects(b.place, why);
    (await a.place)[Symbol.dispose]();
    assert.equal(await c.state(), 'in');
    const gone = new AbortController();
    gone.abort(why);
    await assert.rejects(
      admission.enter(request(), gone.signal, () => undefined),
      why,
    );
  });

  it('refuses at once what could never start, and whoever comes when too many wait', async () => {
    const { admission } = gate({ runs: 1 });
    await assert.rejects(
      ask(admission, request({ memoryMib: 4096 })).place,
      failsWith('run-refused', /4128 MiB/),
    );
    const waiting = Array.from({ length: 65 }, () => ask(admission));
    assert.equal(await waiting.at(-1)?.state(), 'waits');
    const late = ask(admission);
    await assert.rejects(late.place, failsWith('run-refused', /64 runs wait/));
    assert.deepEqual(late.reasons, []);
  });

  it('counts a guest that runs already, whether or not there is a place', async () => {
    const { admission } = gate({ runs: 1 });
    const adopted = [admission.hold(request()), admission.hold(request())];
    const a = ask(admission);
    adopted[0]?.[Symbol.dispose]();
    assert.equal(await a.state(), 'waits');
    adopted[1]?.[Symbol.dispose]();
    assert.equal(await a.state(), 'in');
  });
});

describe('a board that is short of memory', () => {
  it('lets nobody in until somebody has given memory back', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { admission, memory } = gate({ availableMib: 64 + 35 });
    const a = ask(admission);
    assert.equal(await a.state(), 'waits');
    assert.deepEqual(a.reasons, ['it needs 36 MiB of memory, and 35 MiB are free']);
    memory.availableMib += 1;
    context.mock.timers.tick(1000);
    assert.equal(await a.state(), 'in');
  });

  it('promises no memory twice, whether a guest has touched it or not', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { admission, memory, resident } = gate({ availableMib: 64 + 50, runs: 9 });
    const first = request();
    const [a, b] = [ask(admission, first), ask(admission)];
    assert.deepEqual([await a.state(), await b.state()], ['in', 'waits']);
    // It uses what it was given: that changes nothing.
    memory.availableMib -= 36;
    resident.set(first.id, 36);
    context.mock.timers.tick(1000);
    assert.equal(await b.state(), 'waits');
    memory.availableMib += 22;
    context.mock.timers.tick(1000);
    assert.equal(await b.state(), 'in');
  });
});

describe('a guest that is kept ready', () => {
  const ready: ReadyRequest = { image: request().image, memoryMib: 4, residentMib: () => 0 };
  const promised = (): boolean => false;

  it('has a place only where no run needs it', async () => {
    const { admission } = gate({ runs: 1, memoryMib: 100 });
    const places = [1, 2, 3].map(() => admission.reserve(ready, () => assert.fail('nobody needs it')));
    assert.deepEqual(
      places.map((place) => place !== undefined),
      [true, true, false],
    );
    places.forEach((place) => place?.[Symbol.dispose]());
    ask(admission);
    const waits = ask(admission);
    assert.equal(await waits.state(), 'waits');
    assert.equal(admission.reserve(ready, promised), undefined);
  });

  it('is given back when a run needs its memory, and not before', async () => {
    const { admission } = gate({ memoryMib: 100 });
    const giveBack = mock.fn(() => true);
    const place = admission.reserve(ready, giveBack) ?? assert.fail('there is room');
    const small = ask(admission, request({ memoryMib: 32 }));
    assert.equal(await small.state(), 'in');
    assert.equal(giveBack.mock.callCount(), 0);
    (await small.place)[Symbol.dispose]();
    const big = ask(admission, request({ memoryMib: 60 }));
    assert.equal(await big.state(), 'waits');
    assert.equal(giveBack.mock.callCount(), 1);
    place[Symbol.dispose]();
    assert.equal(await big.state(), 'in');
  });

  it('costs the run that it serves nothing more, and counts until then', async () => {
    const { admission } = gate({ runs: 1, memoryMib: 100 });
    const before = ask(admission, request({ memoryMib: 4 }));
    const place = admission.reserve(ready, promised) ?? assert.fail('there is room');
    const served = ask(admission, request({ ready: place }));
    assert.equal(await served.state(), 'waits');
    assert.equal(admission.reserve(ready, promised), undefined);
    (await before.place)[Symbol.dispose]();
    assert.equal(await served.state(), 'in');
    // Counted once: beside it there is room for one more, and no more.
    assert.ok(admission.reserve(ready, promised));
    assert.equal(admission.reserve(ready, promised), undefined);
  });

  it('and is promised to a run is not given back, but another one is', async () => {
    const { admission } = gate({ runs: 2, memoryMib: 100 });
    const place = admission.reserve(ready, promised) ?? assert.fail('there is room');
    const other = mock.fn(() => true);
    const otherPlace = admission.reserve(ready, other) ?? assert.fail('there is room');
    const big = ask(admission, request({ memoryMib: 32 }));
    assert.deepEqual([await big.state(), other.mock.callCount()], ['waits', 1]);
    otherPlace[Symbol.dispose]();
    assert.equal(await big.state(), 'in');
    place[Symbol.dispose]();
  });

  it('counts by what it may still come to use', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { admission, memory } = gate({ availableMib: 64 + 36 + 40 });
    let residentMib = 0;
    admission.reserve({ ...ready, residentMib: () => residentMib }, promised);
    const [a, b] = [ask(admission), ask(admission)];
    assert.deepEqual([await a.state(), await b.state()], ['in', 'waits']);
    memory.availableMib -= 30;
    residentMib = 30;
    context.mock.timers.tick(1000);
    assert.equal(await b.state(), 'waits');
  });
});
