import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAccelerator, type KvmDevice, type TrialResult } from '../../src/accelerator/index.js';
import { ARCHITECTURES } from '../../src/domain/index.js';

const REPORTED: TrialResult = { kind: 'reported', loopMs: 12, afterMs: 50 };
const PAUSED: TrialResult = { kind: 'paused', detail: 'KVM internal error. Suberror: 1' };
const FAILED: TrialResult = { kind: 'failed', detail: 'qemu: failed to set MSR' };
const LATE: TrialResult = { kind: 'late', afterMs: 350 };
const UNREPORTED = { paused: PAUSED, failed: FAILED, late: LATE };
const KINDS = Object.keys(UNREPORTED) as readonly (keyof typeof UNREPORTED)[];

const tried = (tcg: TrialResult, kvm: TrialResult) =>
  chooseAccelerator({ kind: 'tried', trials: { tcg, kvm } });
const withLoop = (loopMs: number): TrialResult => ({ kind: 'reported', loopMs, afterMs: 50 });

describe('the choice of an accelerator', () => {
  it('is TCG for guests of another architecture, and names both', () => {
    for (const guest of ARCHITECTURES)
      for (const host of ARCHITECTURES.filter((other) => other !== guest)) {
        const { accelerator, why } = chooseAccelerator({ kind: 'foreign', guest, host });
        assert.equal(accelerator, 'tcg');
        assert.ok(why.includes(guest) && why.includes(host), why);
      }
  });

  it('is TCG without a device, and a refusal comes with its cure', () => {
    const verdict = (device: Exclude<KvmDevice, { kind: 'opens' }>) =>
      chooseAccelerator({ kind: 'no-device', device });
    const absent = verdict({ kind: 'absent' });
    const denied = verdict({ kind: 'denied' });
    const unusable = verdict({ kind: 'unusable', code: 'EBUSY' });
    assert.deepEqual(
      [absent, denied, unusable].map(({ accelerator, settled }) => [accelerator, settled]),
      Array(3).fill(['tcg', false]),
    );
    assert.match(absent.why, /no \/dev\/kvm/);
    assert.match(denied.why, /may not be opened/);
    assert.match(denied.cure ?? '', /group kvm/);
    assert.match(unusable.why, /EBUSY/);
  });

  it('is TCG, until the next look, where there is no guest to try', () => {
    const cure = 'Build the images: npm run images';
    const verdict = chooseAccelerator({ kind: 'no-guest', detail: 'there is no image "hello"', cure });
    assert.equal(verdict.accelerator, 'tcg');
    assert.equal(verdict.settled, false);
    assert.match(verdict.why, /there is no image "hello"/);
    assert.equal(verdict.cure, cure);
  });

  it('is KVM when its loop takes no longer than TCG’s, and says how much faster it is', () => {
    for (const kvm of [0.001, 1, 11.9, 12]) {
      const verdict = tried(withLoop(12), withLoop(kvm));
      assert.equal(verdict.accelerator, 'kvm');
      assert.equal(verdict.settled, true);
      assert.ok(verdict.why.includes(`${(12 / kvm).toFixed(1)} times`), verdict.why);
    }
  });

  it('is TCG when KVM is slower by however little, and gives both figures', () => {
    for (const kvm of [12.1, 12_000]) {
      const verdict = tried(withLoop(12), withLoop(kvm));
      assert.deepEqual([verdict.accelerator, verdict.settled], ['tcg', true]);
      assert.ok(verdict.why.includes(`${kvm.toFixed(1)} ms`) && verdict.why.includes('12.0 ms'), verdict.why);
    }
  });

  for (const kind of KINDS) {
    it(`is TCG for good when the guest is ${kind} under KVM and reports under TCG`, () => {
      const verdict = tried(REPORTED, UNREPORTED[kind]);
      assert.deepEqual([verdict.accelerator, verdict.settled], ['tcg', true]);
    });

    it(`is KVM for good when the guest is ${kind} under TCG and reports under KVM`, () => {
      const verdict = tried(UNREPORTED[kind], REPORTED);
      assert.deepEqual([verdict.accelerator, verdict.settled], ['kvm', true]);
    });

    for (const other of KINDS)
      it(`is TCG, until the next trial, when the guest is ${other} under TCG and ${kind} under KVM`, () => {
        const verdict = tried(UNREPORTED[other], UNREPORTED[kind]);
        assert.deepEqual([verdict.accelerator, verdict.settled], ['tcg', false]);
        assert.match(verdict.why, /under KVM, .*; under TCG, /);
      });
  }

  it('repeats QEMU’s own words, and how long a late guest was given', () => {
    assert.match(tried(REPORTED, FAILED).why, /failed to set MSR/);
    assert.match(tried(REPORTED, PAUSED).why, /KVM internal error\. Suberror: 1/);
    assert.match(tried(REPORTED, { kind: 'paused', detail: '' }).why, /does not say why/);
    assert.match(tried(REPORTED, LATE).why, /350 ms, and TCG needed 50 ms/);
  });

  it('is told in one short printable line, whatever QEMU says', () => {
    const detail = `one\ntwo\u001b[31m\u0000${'x'.repeat(5000)}`;
    for (const kind of ['paused', 'failed'] as const) {
      const { why } = tried(REPORTED, { kind, detail });
      assert.match(why, /^[ -~]{1,300}$/);
      assert.match(why, /one two/);
    }
  });
});
