import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AT_REST, watch } from '../../src/radio/watchdog.js';
import type { WatchEvent } from '../../src/radio/watchdog.js';

const TICK: WatchEvent = { kind: 'tick' };
const PHONES: WatchEvent = { kind: 'phones' };
const parameters = (status: number, wanted: 'on' | 'off' | 'if-room' = 'on'): WatchEvent => ({
  ...{ kind: 'parameters', status, wanted },
});
const enabled = (status: number, wanted: 'on' | 'off' | 'if-room' = 'on'): WatchEvent => ({
  ...{ kind: 'enabled', status, wanted },
});
const DISALLOWED = 0x0c;

/** What is done, event by event. */
function acts(...events: readonly WatchEvent[]): readonly string[] {
  let state = AT_REST;
  return events.map((event) => {
    const [next, act] = watch(state, event);
    state = next;
    return act?.kind ?? '-';
  });
}

describe('the watch over a controller', () => {
  it('asks at a tick, and is content with a refusal: then it advertises', () => {
    assert.deepEqual(acts(TICK, parameters(DISALLOWED), TICK, parameters(DISALLOWED)), [
      'ask',
      '-',
      'ask',
      '-',
    ]);
  });

  it('gives an answer the time of two ticks, whichever it waits for', () => {
    assert.deepEqual(acts(TICK, TICK, TICK), ['ask', '-', 'silent']);
    assert.deepEqual(acts(TICK, TICK, parameters(DISALLOWED), TICK, TICK), ['ask', '-', '-', 'ask', '-']);
    assert.deepEqual(acts(TICK, parameters(0), TICK, TICK), ['ask', 'enable', '-', 'silent']);
  });

  it('switches advertising on where it is off and should not be', () => {
    assert.deepEqual(acts(TICK, parameters(0), enabled(0)), ['ask', 'enable', 'mended']);
    assert.deepEqual(acts(TICK, parameters(0, 'off')), ['ask', '-']);
  });

  it('takes a refusal to advertise for a fault where no phone is connected, and else for a full controller', () => {
    assert.deepEqual(acts(TICK, parameters(0), enabled(9)), ['ask', 'enable', 'refused']);
    assert.deepEqual(acts(TICK, parameters(0, 'if-room'), enabled(9, 'if-room')), ['ask', 'enable', '-']);
  });

  it('draws nothing from answers that it did not ask for, or that a phone has overtaken', () => {
    assert.deepEqual(acts(parameters(0), enabled(9), TICK, enabled(9)), ['-', '-', 'ask', '-']);
    assert.deepEqual(acts(TICK, PHONES, parameters(0), TICK), ['ask', '-', '-', 'ask']);
    assert.deepEqual(acts(TICK, parameters(0), PHONES, enabled(9)), ['ask', 'enable', '-', '-']);
  });

  it('counts nothing more on a controller that takes what it should refuse, and goes on to switch it on', () => {
    const round = [TICK, parameters(0), enabled(0)];
    const done = acts(...Array.from({ length: 5 }, () => round).flat());
    assert.deepEqual(
      done.filter((_, index) => index % 3 === 2),
      ['mended', 'mended', 'untold', '-', '-'],
    );
  });
});
