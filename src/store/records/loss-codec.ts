import * as v from 'valibot';
import { LOSS_REASONS } from '../../domain/index.js';
import type { LossRecord } from '../../domain/index.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import { EPOCH_MAX } from '../format/keys.js';

const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const epoch = v.pipe(wholeNumber, v.maxValue(EPOCH_MAX));
const position = v.object({ epoch, sequence: wholeNumber });
const time = v.pipe(v.number(), v.finite());

/** Keys that a later version adds are left out, so that an older one reads on. */
const lossRecord = v.object({
  reason: v.picklist(LOSS_REASONS),
  what: v.picklist(['observations', 'runs']),
  count: v.exactOptional(wholeNumber),
  epoch,
  sequences: v.exactOptional(v.object({ first: wholeNumber, last: wholeNumber })),
  times: v.exactOptional(v.object({ fromMs: time, toMs: time })),
  summed: v.exactOptional(wholeNumber),
  born: position,
  position,
}) satisfies v.GenericSchema<unknown, LossRecord>;

export function encodeLoss(record: LossRecord): Uint8Array {
  return jsonBytes(record);
}

export function decodeLoss(bytes: Uint8Array): LossRecord | undefined {
  const parsed = v.safeParse(lossRecord, parseJson(bytes));
  return parsed.success ? parsed.output : undefined;
}
