import { bluetoothctlPass } from './bluetoothctl-steps.js';
import { gatttoolPass } from './gatttool-steps.js';
import { noblePass } from './noble-steps.js';
import { radioPass } from './radio-steps.js';
import { troublePass } from './trouble-steps.js';

/** The one over noble comes after other centrals', because it keeps their adapter; last what takes both adapters away. */
export const PASSES = {
  gatttool: gatttoolPass,
  bluetoothctl: bluetoothctlPass,
  radio: radioPass,
  noble: noblePass,
  trouble: troublePass,
};

export type PassName = keyof typeof PASSES;
