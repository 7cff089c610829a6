import { assert } from '../domain/index.js';
import type { Logger } from '../domain/index.js';
import type { Hci } from './bleno-types.js';

/** Packets that may wait for one phone; a phone that asks without taking answers is disconnected. */
const MAX_WAITING = 64;
/** Of the controller's buffers, those that are left for whoever comes. */
const LEFT_FREE = 1;
/** No more than this part of them is kept for phones that use none: half of them may fall silent at once. */
const MOST_LEFT_PART = 2;
const ACL_DATA = 0x02;
const CONTINUING = 1 << 12;
const ACL_HEAD_BYTES = 5;
const L2CAP_HEAD_BYTES = 4;

/**
 * What waits for the controller, a line for each phone. The packages have one line for all, in which a phone that is out
 * of reach stands before the others until its connection is given up; here whoever has the fewest packets in the
 * controller is next, and a phone that has none there finds a buffer.
 */
export class SendQueue {
  readonly #hci: Hci;
  readonly #lines = new Map<number, Buffer[]>();

  /** Takes the place of the package's own. */
  constructor(hci: Hci, logger: Logger) {
    this.#hci = hci;
    hci.pushAclOutQueue = () => this.#send();
    hci.queueAclDataPkt = (handle, channel, data) => {
      // The phone has left. @abandonware would count its packets as never acknowledged, and send nothing any more.
      if (hci._handleAclsInProgress[handle] === undefined) return;
      if (this.waiting(handle) >= MAX_WAITING) {
        logger.warn({ handle }, 'a phone takes no answers and is disconnected');
        hci.disconnect(handle);
        return;
      }
      // Behind others of this phone that had to wait there is nothing to send.
      if (this.#add(handle, channel, data)) this.#send();
    };
    // What a reset has left of an earlier phone with this handle.
    hci.on('leConnComplete', (_status: number, handle: number) => this.#lines.delete(handle));
  }

  /** Packets for this phone that wait for room in the controller. */
  waiting(handle: number): number {
    return this.#lines.get(handle)?.length ?? 0;
  }

  /** Whether it is at the head of its line. */
  #add(handle: number, channel: number, data: Buffer): boolean {
    const line = this.#lines.get(handle) ?? [];
    const isFirst = line.length === 0;
    if (isFirst) this.#lines.set(handle, line);
    const length = L2CAP_HEAD_BYTES + data.length;
    const most = this.#hci._aclMtu;
    for (let at = 0; at < length; at += most) {
      const part = Math.min(most, length - at);
      const packet = Buffer.allocUnsafe(ACL_HEAD_BYTES + part);
      packet[0] = ACL_DATA;
      packet.writeUInt16LE(handle | (at === 0 ? 0 : CONTINUING), 1);
      packet.writeUInt16LE(part, 3);
      if (at === 0) {
        packet.writeUInt16LE(data.length, ACL_HEAD_BYTES);
        packet.writeUInt16LE(channel, ACL_HEAD_BYTES + 2);
        data.copy(packet, ACL_HEAD_BYTES + L2CAP_HEAD_BYTES);
      } else data.copy(packet, ACL_HEAD_BYTES, at - L2CAP_HEAD_BYTES);
      line.push(packet);
    }
    return isFirst;
  }

  #send(): void {
    if (this.#lines.size === 0) return;
    const { _aclMaxInProgress: buffers, _handleAclsInProgress: sent } = this.#hci;
    // Also where nothing may be sent now: the next phone may have the handle of one that left.
    for (const handle of this.#lines.keys()) if (sent[handle] === undefined) this.#lines.delete(handle);
    let [free, unused] = [buffers, 0];
    for (const handle in sent) {
      const count = sent[handle] ?? 0;
      free -= count;
      if (count === 0) unused += 1;
    }
    while (free > 0) {
      const handle = this.#next(sent);
      if (handle === undefined) return;
      const count = sent[handle] ?? 0;
      if (count === 0) unused -= 1;
      else if (free <= Math.max(LEFT_FREE, Math.min(unused, Math.floor(buffers / MOST_LEFT_PART)))) return;
      sent[handle] = count + 1;
      free -= 1;
      this.#hci._socket.write(this.#take(handle));
    }
  }

  /** Of those that wait, who has the fewest packets in the controller. */
  #next(sent: Readonly<Record<number, number | undefined>>): number | undefined {
    let next: number | undefined;
    let fewest = Infinity;
    for (const handle of this.#lines.keys()) {
      const count = sent[handle] ?? 0;
      if (count < fewest) [next, fewest] = [handle, count];
    }
    return next;
  }

  #take(handle: number): Buffer {
    const line = this.#lines.get(handle);
    const packet = line?.shift();
    assert(line !== undefined && packet !== undefined, 'a line that is empty is none');
    if (line.length === 0) this.#lines.delete(handle);
    else if (this.#lines.size > 1) {
      // Behind those that have as many: whoever came first has no more of a part than the last.
      this.#lines.delete(handle);
      this.#lines.set(handle, line);
    }
    return packet;
  }
}
