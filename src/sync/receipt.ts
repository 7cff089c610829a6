import { perigee } from '@perigee/proto';
import type { Position } from '../domain/index.js';
import { endOf } from './batch.js';
import type { Batch } from './batch.js';

/** What an answer means for the cursor. */
export type Verdict =
  /** All of the batch is held. */
  | { readonly kind: 'covered' }
  /** Less is held than was sent: all up to `position`. */
  | { readonly kind: 'behind'; readonly position: Position }
  /** More than was sent is said to be held. True only if this gateway ever recorded `position`. */
  | { readonly kind: 'beyond'; readonly position: Position }
  /** Less is held than was acknowledged: the backend lost data. */
  | { readonly kind: 'forgot' }
  | { readonly kind: 'invalid'; readonly complaint: string };

/** Judges the body of an answer, which may be anything. */
export function judgeReceipt(batch: Batch, body: Uint8Array): Verdict {
  const receipt = decode(body);
  if (receipt === undefined) return { kind: 'invalid', complaint: 'the answer is no receipt' };
  const end = endOf(batch);
  const { gatewayId, epoch, sequence } = receipt;
  if (gatewayId !== batch.gatewayId)
    return { kind: 'invalid', complaint: 'the receipt is for another gateway' };
  if (epoch !== end.epoch) return { kind: 'invalid', complaint: 'the receipt is for another epoch' };
  if (!Number.isSafeInteger(sequence))
    return { kind: 'invalid', complaint: 'the receipt has an impossible sequence' };
  const lost = epoch === batch.after.epoch && sequence < batch.after.sequence;
  if (lost || (receipt.forgot && batch.after.sequence > 0)) return { kind: 'forgot' };
  if (sequence === end.sequence) return { kind: 'covered' };
  return { kind: sequence < end.sequence ? 'behind' : 'beyond', position: { epoch, sequence } };
}

function decode(body: Uint8Array): perigee.v1.BatchReceipt | undefined {
  try {
    return perigee.v1.BatchReceipt.decode(body);
  } catch {
    // Whatever it is, it is no receipt; the decoder's words would help nobody.
    return undefined;
  }
}
