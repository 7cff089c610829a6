import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import type { AcceleratorChoice } from '../../src/accelerator/index.js';
import { PerigeeError } from '../../src/domain/index.js';
import { hostArchitecture } from '../../src/platform/index.js';
import { tempFolder } from '../support/temp.js';
import {
  type ChooserOptions,
  chooser,
  fakeQemu,
  kvmWith,
  openDevice,
  trialsOf,
  withKvm,
} from './support-accelerator.js';

const folder = tempFolder('accelerator');
let fakes = 0;
/** For figures of both, however busy the machine. */
const PATIENT = { trialMs: 60_000, graceFactor: 0, graceMs: 60_000, reapMs: 2000 };

/** What is chosen on a board whose KVM is this script, and whose TCG is real. */
function chooseWith(script: string, options: Partial<ChooserOptions> = {}): Promise<AcceleratorChoice> {
  const own = fakeQemu(join(folder, `fake-${++fakes}`), script);
  return chooser({ folder: own, qemuDirectory: own, kvmDevice: openDevice(own), ...options }).choose();
}

afterEach(() => {
  assert.deepEqual(trialsOf(process.pid), [], 'a trial leaves no process');
});

describe('the trial of a KVM', () => {
  it('that runs our guest faster than TCG ends in KVM, with both figures', async () => {
    const { accelerator, why, trials } = await chooseWith(kvmWith('loop=20000'), { limits: PATIENT });
    assert.equal(accelerator, 'kvm', why);
    assert.match(why, /times as fast as TCG/);
    assert.equal(trials?.tcg.kind, 'reported');
    assert.equal(trials.kvm.kind, 'reported');
  });

  it('that runs our guest slower than TCG ends in TCG, with both figures', async () => {
    const { accelerator, why } = await chooseWith(kvmWith('loop=20000000'), { limits: PATIENT });
    assert.equal(accelerator, 'tcg');
    assert.match(
      why,
      /KVM is slower than TCG here: a timed loop took [\d.]+ ms under KVM and [\d.]+ ms under TCG/,
    );
  });

  it('that is so slow that it has not reported long after TCG has ends in TCG, with the times', async () => {
    const { accelerator, why } = await chooseWith(kvmWith('loop=4000000000'));
    assert.equal(accelerator, 'tcg');
    assert.match(why, /had not reported after \d+ ms, and TCG needed \d+ ms/);
  });

  it('in which QEMU aborts at its start ends in TCG, with QEMU’s own words', async () => {
    const { accelerator, why } = await chooseWith(
      withKvm('echo "qemu: error: failed to set MSR 0x10a to 0x69" >&2; kill -ABRT $$'),
    );
    assert.equal(accelerator, 'tcg');
    assert.match(why, /failed to set MSR 0x10a to 0x69/);
  });

  it('in which QEMU ends without a word ends in TCG, and says how it ended', async () => {
    assert.match((await chooseWith(withKvm('exit 3'))).why, /status 3/);
    assert.match((await chooseWith(withKvm('kill -SEGV $$'))).why, /SIGSEGV/);
  });

  it('in which an internal error leaves QEMU alive and the guest paused ends in TCG, and QEMU', async () => {
    const stop = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}';
    const { accelerator, why } = await chooseWith(
      withKvm(`echo "KVM internal error. Suberror: 1" >&2; echo '${stop}' >&4; exec sleep 600`),
    );
    assert.equal(accelerator, 'tcg');
    assert.match(why, /QEMU stopped the guest: KVM internal error\. Suberror: 1/);
  });

  it('in which nothing is ever heard ends in TCG, though QEMU ignores every polite signal', async () => {
    const { accelerator, why } = await chooseWith(withKvm(`trap '' TERM INT HUP; exec sleep 600`));
    assert.equal(accelerator, 'tcg');
    assert.match(why, /had not reported after/);
  });

  it('whose guest reports something else ends in TCG', async () => {
    const { accelerator, why } = await chooseWith(kvmWith('fault=none'));
    assert.equal(accelerator, 'tcg');
    assert.match(why, /reported no guest_loop/);
  });
});

describe('a trial', () => {
  it('of a QEMU that runs under neither accelerator ends in TCG, and is held again the next time', async () => {
    const own = fakeQemu(join(folder, 'broken'), 'echo "no such machine" >&2; exit 1');
    const broken = chooser({ folder: own, qemuDirectory: own, kvmDevice: openDevice(own) });
    const choices = [await broken.choose(), await broken.choose()];
    assert.deepEqual(
      choices.map(({ accelerator, cached }) => [accelerator, cached]),
      [
        ['tcg', false],
        ['tcg', false],
      ],
    );
    assert.match(choices[0]?.why ?? '', /under KVM, .*no such machine; under TCG, .*no such machine/);
  });

  it('of a QEMU that is not installed says so', async () => {
    const options = { folder, qemuDirectory: join(folder, 'nowhere'), kvmDevice: openDevice(folder) };
    assert.match((await chooser(options).choose()).why, /is not installed/);
  });

  it('without a guest ends in TCG, with the reason', async () => {
    const guest = () =>
      Promise.reject(new PerigeeError('image-unknown', 'there is no image "hello"', 'Build it.'));
    const { accelerator, why } = await chooser({ folder, kvmDevice: openDevice(folder), guest }).choose();
    assert.equal(accelerator, 'tcg');
    assert.match(why, /there is no image "hello"/);
  });

  it('is not held for guests of another architecture', async () => {
    const guestArchitecture = hostArchitecture() === 'arm64' ? 'x86_64' : 'arm64';
    const { accelerator, trials } = await chooser({ folder, guestArchitecture }).choose();
    assert.deepEqual([accelerator, trials], ['tcg', undefined]);
  });
});

describe('this machine', () => {
  it('gets KVM only if our guest ran in it no slower than under TCG, and else TCG with a reason', async () => {
    const { accelerator, why, trials } = await chooser({ folder: tempFolder('this-machine') }).choose();
    const kvm = trials?.kvm.kind === 'reported' ? trials.kvm.loopMs : Infinity;
    const tcg = trials?.tcg.kind === 'reported' ? trials.tcg.loopMs : Infinity;
    assert.equal(accelerator, kvm <= tcg && kvm < Infinity ? 'kvm' : 'tcg', why);
    assert.match(why, /KVM|\/dev\/kvm/);
  });
});
