import type { Accelerator, Evidence, KvmDevice, TrialResult, Trials } from './evidence.js';

export interface Verdict {
  readonly accelerator: Accelerator;
  /** One line for a person. */
  readonly why: string;
  readonly cure?: string;
  /** True when the same trial would say the same until the next boot, so that it may be remembered. */
  readonly settled: boolean;
}

/** KVM where a guest of ours ran in it and was not slower than under TCG; TCG everywhere else, and why. */
export function chooseAccelerator(evidence: Evidence): Verdict {
  switch (evidence.kind) {
    case 'foreign':
      return tcg(`the guests are for ${evidence.guest}, and this processor is ${evidence.host}`);
    case 'no-device':
      return withoutDevice(evidence.device);
    case 'no-guest':
      return { ...tcg(`KVM could not be tried: ${oneLine(evidence.detail)}`), cure: evidence.cure };
    case 'tried':
      return afterTrials(evidence.trials);
  }
}

/** A look at the device costs less than a look at the notes, so nothing that it says is ever remembered. */
const tcg = (why: string): Verdict => ({ accelerator: 'tcg', why, settled: false });

function withoutDevice(device: Exclude<KvmDevice, { kind: 'opens' }>): Verdict {
  switch (device.kind) {
    case 'absent':
      return tcg('there is no /dev/kvm on this board');
    case 'denied':
      return { ...tcg('/dev/kvm may not be opened by this user'), cure: DENIED_CURE };
    case 'unusable':
      return tcg(`/dev/kvm does not open: ${device.code}`);
  }
}

const DENIED_CURE =
  'Add the user to the group kvm (sudo usermod -aG kvm USER), then log in again or restart the service.';

function afterTrials({ tcg: soft, kvm: hard }: Trials): Verdict {
  if (hard.kind === 'reported') {
    if (soft.kind === 'reported') return compared(soft.loopMs, hard.loopMs);
    const figure = `KVM ran our trial guest, its timed loop in ${hard.loopMs.toFixed(1)} ms`;
    return { accelerator: 'kvm', why: `${figure}; under TCG, ${saying(soft)}`, settled: true };
  }
  if (soft.kind === 'reported') {
    const pace = hard.kind === 'late' ? `, and TCG needed ${soft.afterMs.toFixed(0)} ms` : '';
    return { ...tcg(`under KVM, ${saying(hard)}${pace}`), settled: true };
  }
  // Whatever keeps both from running is no property of KVM, and may be gone at the next start.
  return tcg(`no trial guest ran: under KVM, ${saying(hard)}; under TCG, ${saying(soft)}`);
}

function compared(softMs: number, hardMs: number): Verdict {
  const figures = `${hardMs.toFixed(1)} ms under KVM and ${softMs.toFixed(1)} ms under TCG`;
  if (hardMs > softMs)
    return { ...tcg(`KVM is slower than TCG here: a timed loop took ${figures}`), settled: true };
  const times = (softMs / hardMs).toFixed(1);
  return {
    accelerator: 'kvm',
    why: `KVM is ${times} times as fast as TCG: a timed loop took ${figures}`,
    settled: true,
  };
}

function saying(result: Exclude<TrialResult, { kind: 'reported' }>): string {
  switch (result.kind) {
    case 'paused':
      return `QEMU stopped the guest: ${oneLine(result.detail) || 'it does not say why'}`;
    case 'failed':
      return `our trial guest failed: ${oneLine(result.detail)}`;
    case 'late':
      return `our trial guest had not reported after ${result.afterMs.toFixed(0)} ms`;
  }
}

/** Others' words, on one line of a log: QEMU's own have less than half of this. */
const MAX_DETAIL = 200;

function oneLine(text: string): string {
  return text
    .replace(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, MAX_DETAIL);
}
