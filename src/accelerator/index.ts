/** Which accelerator QEMU uses on this board: KVM only where a guest of ours was seen to run in it, and no slower than TCG. */
export { TRIAL_ARGS, TRIAL_IMAGE, createAccelerator } from './accelerator.js';
export type { AcceleratorChoice, AcceleratorChooser, AcceleratorParts, TrialGuest } from './accelerator.js';
export { chooseAccelerator, type Verdict } from './choose.js';
export type { Accelerator, Evidence, KvmDevice, TrialResult, Trials } from './evidence.js';
