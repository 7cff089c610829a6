import type { Hci } from './bleno-types.js';

/** Of the controller's buffers, those that one phone leaves for whoever comes: one that takes nothing keeps the rest. */
const LEFT_FREE = 2;

/**
 * A controller has one set of buffers for all phones, and bleno one queue, whose head stands in everybody's way: a phone
 * whose link takes nothing would silence all others. So nobody has more buffers than their share, and those who have it
 * are passed over. Packets of one phone stay in order.
 */
export function shareBuffers(hci: Hci): void {
  hci.pushAclOutQueue = () => {
    while (bringForward(hci)) hci.writeOneAclDataPkt();
  };
}

/** Puts what goes next at the head of the queue; false where nothing may go. */
function bringForward({
  _aclMaxInProgress: most,
  _aclOutQueue: queue,
  _handleAclsInProgress: held,
}: Hci): boolean {
  const busy = new Set<number>(queue.map(({ handle }) => handle));
  let total = 0;
  for (const [handle, packets = 0] of Object.entries(held)) {
    total += packets;
    if (packets > 0) busy.add(Number(handle));
  }
  if (total >= most) return false;
  const share = Math.max(1, Math.min(most - LEFT_FREE, Math.floor(most / busy.size)));
  const next = queue.findIndex(({ handle }) => (held[handle] ?? 0) < share);
  if (next > 0) queue.unshift(...queue.splice(next, 1));
  return next >= 0;
}
