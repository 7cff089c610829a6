import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { AcceleratorChooser } from '../../src/accelerator/index.js';
import { tempFolder } from '../support/temp.js';
import {
  PROGRAM,
  chooser,
  fakeQemu,
  openDevice,
  reported,
  trialGuest,
  type ChooserOptions,
} from './support-accelerator.js';

const folder = tempFolder('accelerator-notes');
let boards = 0;

interface Board extends ChooserOptions {
  readonly noteFile: string;
  readonly kvmDevice: string;
  readonly qemuDirectory: string;
  /** Trials held so far, both accelerators counted. */
  readonly held: () => number;
}

/** A board where KVM is four times as fast, and trials are counted instead of held. */
function board(): Board {
  const own = fakeQemu(join(folder, `board-${++boards}`), 'exit 1');
  let held = 0;
  return {
    ...{ folder: own, qemuDirectory: own, kvmDevice: openDevice(own), noteFile: join(own, 'note.json') },
    held: () => held,
    firstReport: (spec) => {
      held += 1;
      return Promise.resolve(reported(spec.accelerator === 'kvm' ? 3 : 12));
    },
  };
}

/** As another start of the gateway would do it. */
const restarted = (here: Board): AcceleratorChooser => chooser(here);

describe('the answer of a trial', () => {
  it('is remembered by the next start, word for word', async () => {
    const here = board();
    const first = await restarted(here).choose();
    const second = await restarted(here).choose();
    assert.deepEqual([first.accelerator, first.cached, here.held()], ['kvm', false, 2]);
    assert.deepEqual(second, { ...first, cached: true });
    assert.equal(here.held(), 2);
  });

  it('is given to everyone who asks while the trial is held', async () => {
    const here = board();
    const one = restarted(here);
    const choices = await Promise.all([one.choose(), one.choose(), one.choose()]);
    assert.equal(new Set(choices).size, 1);
    assert.equal(here.held(), 2);
  });

  const changes: Readonly<Record<string, (here: Board) => Partial<ChooserOptions>>> = {
    'the guest’s kernel is another': () => ({
      guest: async () => ({ ...(await trialGuest()), kernelSha256: 'f'.repeat(64) }),
    }),
    'QEMU has another time': ({ qemuDirectory }) => {
      utimesSync(join(qemuDirectory, PROGRAM), 1, 1);
      return {};
    },
    'QEMU has another size': ({ qemuDirectory }) => {
      writeFileSync(join(qemuDirectory, PROGRAM), '#!/bin/sh\nexit 12345\n');
      return {};
    },
    'the device has another mode': ({ kvmDevice }) => {
      chmodSync(kvmDevice, 0o640);
      return {};
    },
    'QEMU is another program': (here) => ({ qemuDirectory: fakeQemu(join(here.folder, 'other'), 'exit 1') }),
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`is forgotten when ${what}`, async () => {
      const here = board();
      await restarted(here).choose();
      const changed: Board = { ...here, ...change(here) };
      assert.equal((await restarted(changed).choose()).cached, false);
      assert.equal(here.held(), 4);
    });
  }

  it('is not taken from a note that is damaged: cut anywhere, or with another value', async () => {
    const here = board();
    const { accelerator } = await restarted(here).choose();
    const note = readFileSync(here.noteFile, 'utf8');
    const cuts = Array.from({ length: note.trimEnd().length }, (_, length) => note.slice(0, length));
    const others = [
      'null',
      '[]',
      '{}',
      '"kvm"',
      '\0',
      note.replace('"kvm"', '"hvf"'),
      note.replace(':3,', ':"3",'),
    ];
    for (const damaged of [...cuts.filter((_, at) => at % 16 === 0), ...others]) {
      writeFileSync(here.noteFile, damaged);
      const choice = await restarted(here).choose();
      assert.deepEqual([choice.cached, choice.accelerator], [false, accelerator], damaged);
    }
    assert.equal(readFileSync(here.noteFile, 'utf8').length > 0, true);
    assert.equal((await restarted(here).choose()).cached, true);
  });

  it('does not outlive the device: one that no longer opens is TCG, whatever the note says', async () => {
    const here = board();
    await restarted(here).choose();
    const gone = await restarted({ ...here, kvmDevice: join(here.folder, 'no-kvm') }).choose();
    assert.deepEqual([gone.accelerator, gone.cached], ['tcg', false]);
  });

  it('stands though it cannot be written, and nothing is left beside it', async () => {
    const here = board();
    mkdirSync(here.noteFile);
    assert.equal((await restarted(here).choose()).accelerator, 'kvm');
    assert.deepEqual(
      readdirSync(here.folder).filter((name) => name.startsWith('note.json.')),
      [],
    );
  });
});

describe('a trial whose QEMU cannot be killed', () => {
  it('holds nobody up', async () => {
    const here = board();
    const choice = await chooser({
      ...here,
      limits: { trialMs: 20, graceFactor: 0, graceMs: 20, reapMs: 20 },
      firstReport: (spec) =>
        spec.accelerator === 'kvm' ? new Promise(() => undefined) : Promise.resolve(reported(12)),
    }).choose();
    assert.equal(choice.accelerator, 'tcg');
    assert.match(choice.why, /had not reported/);
  });

  it('does not hide a mistake of ours', async () => {
    const broken = { ...board(), firstReport: () => Promise.reject(new TypeError('not a function')) };
    await assert.rejects(restarted(broken).choose(), TypeError);
  });
});
