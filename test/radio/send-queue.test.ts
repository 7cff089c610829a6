import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Hci } from '../../src/radio/bleno-types.js';
import { SendQueue } from '../../src/radio/send-queue.js';
import { SILENT } from '../support/loggers.js';

const ATT = 4;
const BUFFERS = 8;
/** All but one, which is for whoever comes. */
const MINE = 7;

describe('what waits for the controller', () => {
  let hci: Hci;
  let queue: SendQueue;
  let written: Buffer[];
  let disconnected: number[];

  const connect = (...handles: readonly number[]): void => {
    for (const handle of handles) hci._handleAclsInProgress[handle] = 0;
  };
  const queuePackets = (handle: number, count: number): void => {
    for (let i = 0; i < count; i++) hci.queueAclDataPkt(handle, ATT, Buffer.of(i));
  };
  /** As the package does when the controller says so. */
  const complete = (handle: number, count: number): void => {
    hci._handleAclsInProgress[handle] = (hci._handleAclsInProgress[handle] ?? 0) - count;
    hci.pushAclOutQueue();
  };
  const handles = (): readonly number[] => written.map((packet) => packet.readUInt16LE(1));
  const countOf = (handle: number): number => handles().filter((each) => each === handle).length;

  beforeEach(() => {
    written = [];
    disconnected = [];
    hci = {
      ...{ _aclMtu: 251, _aclMaxInProgress: BUFFERS, _handleAclsInProgress: {} },
      _socket: { write: (packet: Buffer) => written.push(packet) },
      on: () => undefined,
      disconnect: (handle: number) => disconnected.push(handle),
    } as unknown as Hci;
    queue = new SendQueue(hci, SILENT);
  });

  it('is sent as L2CAP packets, in parts that the controller takes', () => {
    connect(0x40);
    Object.assign(hci, { _aclMtu: 27 });
    const data = Buffer.from(Array.from({ length: 50 }, (_, i) => i));
    hci.queueAclDataPkt(0x40, ATT, data);
    assert.deepEqual(
      written.map((packet) => packet.toString('hex', 0, 5)),
      ['0240001b00', '0240101b00'],
    );
    assert.equal(written[0]?.toString('hex', 5, 9), '32000400');
    assert.deepEqual(Buffer.concat(written.map((packet) => packet.subarray(5))).subarray(4), data);
  });

  it('leaves a phone that is alone all but one buffer, and goes on as there is room', () => {
    connect(0x40);
    queuePackets(0x40, 20);
    assert.equal(written.length, MINE);
    assert.equal(queue.waiting(0x40), 13);
    complete(0x40, 4);
    assert.deepEqual(
      written.map((packet) => packet.at(-1)),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
  });

  it('leaves others a buffer each, so that a phone which falls silent costs them nothing', () => {
    connect(0x40, 0x41, 0x42);
    queuePackets(0x40, 20);
    assert.equal(countOf(0x40), BUFFERS - 2);
    queuePackets(0x41, 20);
    queuePackets(0x42, 1);
    assert.deepEqual([countOf(0x41), countOf(0x42)], [1, 1]);
    for (let i = 0; i < 10; i++) complete(0x41, 1);
    assert.equal(countOf(0x41), 11, 'though the first is silent');
  });

  it('keeps no more than half of the buffers for phones that use none', () => {
    connect(...Array.from({ length: 8 }, (_, i) => 0x40 + i));
    queuePackets(0x40, 20);
    assert.equal(written.length, BUFFERS / 2);
  });

  it('gives phones that all have much to take the same, whoever came first', () => {
    const phones = [0x40, 0x41, 0x42];
    connect(...phones);
    for (const phone of phones) queuePackets(phone, 60);
    // Whoever has sent something sends one more.
    for (let i = 0; i < 30; i++) for (const phone of phones) complete(phone, 1);
    const counts = phones.map(countOf);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(' '));
  });

  it('goes with its phone', () => {
    connect(0x40, 0x41);
    queuePackets(0x40, 20);
    Reflect.deleteProperty(hci._handleAclsInProgress, 0x40);
    hci.pushAclOutQueue();
    queuePackets(0x40, 1);
    queuePackets(0x41, 20);
    assert.equal(countOf(0x40), MINE);
    assert.equal(countOf(0x41), MINE);
    assert.equal(queue.waiting(0x40), 0);
  });

  it('is bounded: a phone that takes nothing is disconnected', () => {
    connect(0x40);
    queuePackets(0x40, MINE + 64);
    assert.deepEqual(disconnected, []);
    queuePackets(0x40, 1);
    assert.deepEqual(disconnected, [0x40]);
  });

  it('is for a phone that left nobody’s, also when another one has its handle', () => {
    connect(0x40, 0x41, 0x42);
    // Nobody has room.
    Object.assign(hci, { _aclMaxInProgress: 0 });
    queuePackets(0x40, 3);
    Reflect.deleteProperty(hci._handleAclsInProgress, 0x40);
    hci.pushAclOutQueue();
    connect(0x40);
    Object.assign(hci, { _aclMaxInProgress: BUFFERS });
    hci.pushAclOutQueue();
    assert.deepEqual([written.length, queue.waiting(0x40)], [0, 0]);
  });
});
