import { gatttoolPass } from './gatttool-steps.js';
import { noblePass } from './noble-steps.js';
import { radioPass } from './radio-steps.js';

/** Each central's; the one over noble comes last, because it keeps the adapter until its process ends. */
export const PASSES = { gatttool: gatttoolPass, radio: radioPass, noble: noblePass };

export type PassName = keyof typeof PASSES;
