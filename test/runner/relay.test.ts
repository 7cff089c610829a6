import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VmListener } from '../../src/runner/monitor.js';
import { createRelay } from '../../src/runner/relay.js';

/** Writes down what it is told, in order. */
function scribe(): VmListener & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    event: ({ kind }) => void told.push(kind),
    console: (chunk) => void told.push(`console ${Buffer.from(chunk).toString()}`),
    channel: (chunk) => void told.push(`channel ${Buffer.from(chunk).toString()}`),
    network: (lines) => {
      told.push(`network ${Buffer.from(lines).toString()}`);
      return { taken: 2, dropped: 1 };
    },
  };
}

describe('a relay', () => {
  it('hands over what was said before, in order, and then everything as it comes', () => {
    const relay = createRelay(() => undefined);
    relay.event({ kind: 'greeting', version: '1' });
    relay.channel(Buffer.from('a'));
    relay.console(Buffer.from('b'));
    const listener = scribe();
    relay.attach(listener);
    assert.deepEqual(listener.told, ['greeting', 'channel a', 'console b']);
    relay.channel(Buffer.from('c'));
    relay.event({ kind: 'resumed' });
    assert.deepEqual(listener.told.slice(3), ['channel c', 'resumed']);
  });

  it('tells at once what it hears, as long as nobody else does', () => {
    const heard: string[] = [];
    const relay = createRelay((what) => heard.push(typeof what === 'string' ? what : what.kind));
    relay.channel(Buffer.from('a'));
    relay.event({ kind: 'panicked', detail: 'p' });
    relay.attach(scribe());
    relay.channel(Buffer.from('b'));
    assert.deepEqual(heard, ['channel', 'panicked']);
  });

  it('holds a bounded share of a flood, and says what of the console is missing', () => {
    const relay = createRelay(() => undefined);
    for (let chunk = 0; chunk < 1000; chunk += 1) relay.console(Buffer.alloc(1024, 'a'));
    for (let event = 0; event < 10_000; event += 1) relay.event({ kind: 'resumed' });
    const listener = scribe();
    relay.attach(listener);
    const printed = listener.told.filter((told) => told.startsWith('console a'));
    assert.equal(printed.length, 64);
    assert.equal(listener.told.filter((told) => told === 'resumed').length, 1024);
    const mark = `[${936 * 1024} bytes were printed here before there was a run, and are not kept]\n`;
    assert.equal(listener.told.at(-1), `console ${mark}`);
  });

  it('says at once that frames are missing, and marks nothing where none of the console is', () => {
    const heard: string[] = [];
    const relay = createRelay((what) => heard.push(typeof what === 'string' ? what : what.kind));
    relay.channel(Buffer.alloc(64 * 1024));
    relay.channel(Buffer.from('a'));
    assert.deepEqual(heard, ['channel', 'flooded']);
    const listener = scribe();
    relay.attach(listener);
    assert.equal(listener.told.length, 1);
  });

  it('takes no line from the network for which it has no room', () => {
    const relay = createRelay(() => undefined);
    assert.deepEqual(relay.network(Buffer.alloc(64 * 1024)), { taken: 1, dropped: 0 });
    assert.deepEqual(relay.network(Buffer.from('a')), { taken: 0, dropped: 1 });
  });
});
