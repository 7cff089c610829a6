import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAVOUR_FACTS } from '../../src/images/index.js';
import { createConsoleReader, type ConsoleSign } from '../../src/runner/console-ends.js';
import type { Flavour } from '../../src/domain/index.js';

function signs(flavour: Flavour, text: string, readyText?: string): readonly ConsoleSign[] {
  const reader = createConsoleReader(FLAVOUR_FACTS[flavour].ends, readyText);
  return [...reader.push(text), ...reader.end()];
}

const RUMPRUN = 'rumprun: booted\r\n\u001b[1m=== main() of "sensor" returned 3 ===\u001b[0m\r\nhalted';

describe("a family's last words", () => {
  it('are read the same wherever the console is split', () => {
    const expected = signs('rumprun', RUMPRUN);
    assert.deepEqual(expected, [{ kind: 'done', status: 3 }]);
    for (let at = 0; at <= RUMPRUN.length; at += 1) {
      const reader = createConsoleReader(FLAVOUR_FACTS.rumprun.ends, undefined);
      const found = [
        ...reader.push(RUMPRUN.slice(0, at)),
        ...reader.push(RUMPRUN.slice(at)),
        ...reader.end(),
      ];
      assert.deepEqual(found, expected, `split at ${at}`);
    }
  });

  it('tell a Solo5 guest that ended from one that aborted', () => {
    assert.deepEqual(signs('mirage', 'Solo5: solo5_exit(0) called\n'), [{ kind: 'done', status: 0 }]);
    assert.deepEqual(signs('mirage', 'Solo5: solo5_exit(2) called\n'), [{ kind: 'done', status: 2 }]);
    assert.equal(signs('mirage', 'Solo5: solo5_abort() called\n')[0]?.kind, 'panic');
  });

  it('name the failure of a Unikraft that ends with 0 all the same', () => {
    assert.equal(
      signs('unikraft', '[    0.1] ERR:  <init> Could not initialize HWRNG (-95)\n')[0]?.kind,
      'panic',
    );
  });

  it('name the failure of a Nanos that powers off all the same, and what to do', () => {
    const [sign] = signs('nanos', 'unable to open filesystem: (result:tfs magic mismatch)\n');
    assert.ok(sign?.kind === 'panic');
    assert.match(sign.detail, /^unable to open filesystem.*\(its disk needs boot image and kernel: mkfs -b/);
  });

  it('are found in a last line that has no end', () => {
    const expected = [{ kind: 'panic', detail: 'panic: no virtio console' }];
    assert.deepEqual(signs('perigee', 'hello\npanic: no virtio console'), expected);
  });

  it('keep nothing of what commands a terminal', () => {
    const [sign] = signs('perigee', 'panic: \u001b]0;owned\u0007lost\u001b[2J\u001bP1$r\u001b\\ again\n');
    assert.deepEqual(sign, { kind: 'panic', detail: 'panic: lost again' });
  });

  it('are nothing of what a guest prints in the middle of a line', () => {
    assert.deepEqual(signs('perigee', 'the word panic: is not at the beginning\n'), []);
    assert.deepEqual(signs('mirage', 'log: Solo5: solo5_exit(0) called\n'), []);
  });

  it('say that a guest is ready by the text that its manifest waits for', () => {
    assert.deepEqual(signs('raw', 'boot\n[ready] listening\n', '[ready]'), [{ kind: 'ready' }]);
  });

  it('are not gathered without bound from a line that never ends', () => {
    const reader = createConsoleReader(FLAVOUR_FACTS.linux.ends, undefined);
    for (let i = 0; i < 1000; i += 1) assert.deepEqual(reader.push('x'.repeat(10_000)), []);
    assert.deepEqual(reader.end(), []);
  });
});
