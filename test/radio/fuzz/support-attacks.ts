import { random32 } from '../../support/random.js';
import { CHANNEL, inFragments, l2cap } from './support-messages.js';
import type { Corpus, Message } from './support-messages.js';

/** Messages between two looks at whether the gateway is still well. */
const BATCH = 250;
/** The longest packet that a phone sends; the gateway takes none of more than 1024 bytes. */
const MAX_PACKET = 1200;
/** Of some batches one is the controller's: a phone needs no luck to be hostile. */
const CONTROLLERS_SHARE = 5;
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 7, 0x3f, 0x40, 0x41, 0xffff];
const FLOOD = 40;

type Next = () => number;

/** Every beginning of every message first, and then what chance makes of them; the same for the same seed. */
export function* attacks(corpus: Corpus, seed: number): Generator<readonly Message[], never> {
  yield* inBatches(corpus.packets.flatMap(cutPacket));
  yield* inBatches(corpus.events.flatMap(cutEvent));
  const next = random32(seed);
  for (;;) {
    const byController = next() % CONTROLLERS_SHARE === 0;
    const batch: Message[] = byController || next() % 2 === 0 ? [] : subscriptions(corpus);
    while (batch.length < BATCH)
      batch.push(...(byController && next() % 8 !== 0 ? ofController(corpus, next) : ofPhone(corpus, next)));
    yield batch;
  }
}

function* inBatches(messages: readonly Message[]): Generator<readonly Message[]> {
  for (let at = 0; at < messages.length; at += BATCH) yield messages.slice(at, at + BATCH);
}

/** Cut in its L2CAP packet, whose header then claims more than there is, and in what it carries. */
function cutPacket(packet: Buffer): readonly Message[] {
  const messages: Message[] = [];
  for (let bytes = 0; bytes < packet.length; bytes++) {
    messages.push({ from: 'phone', begins: true, data: packet.subarray(0, bytes) });
    if (bytes >= 4) messages.push(...inFragments(l2cap(packet.readUInt16LE(2), packet.subarray(4, bytes))));
  }
  return messages;
}

/** As above: a length that claims more, and one that is true. */
function cutEvent(event: Buffer): readonly Message[] {
  const messages: Message[] = [];
  for (let bytes = 0; bytes < event.length; bytes++) {
    const packet = event.subarray(0, bytes);
    messages.push({ from: 'controller', packet });
    if (bytes >= 3) messages.push({ from: 'controller', packet: trueLength(packet) });
  }
  return messages;
}

function trueLength(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  if (copy[0] === 4 && copy.length >= 3) copy.writeUInt8((copy.length - 3) & 0xff, 2);
  else if (copy[0] === 2 && copy.length >= 5) copy.writeUInt16LE(copy.length - 5, 3);
  return copy;
}

/** Writes "notify" to whatever can be subscribed to: what is behind a subscription is attacked too. */
function subscriptions({ packets }: Corpus): Message[] {
  return packets
    .filter((packet) => packet[4] === 0x12 && packet.length === 9 && packet.readUInt16LE(7) === 1)
    .flatMap((packet) => inFragments(packet));
}

function ofPhone({ packets }: Corpus, next: Next): readonly Message[] {
  const one = pick(packets, next);
  const kinds: readonly (() => readonly Message[])[] = [
    () => inFragments(one),
    () => inFragments(flipped(one, next, 0)),
    () => inFragments(flipped(one, next, 4)),
    () => inFragments(u16At(one, 0, pick([0, 1, one.length - 5, one.length - 3, 1024, next()], next))),
    () => inFragments(u16At(one, 2, pick(CHANNELS, next))),
    () => inFragments(u16At(one, 5, pick([0, next() % 100, next() % 100, next(), 0xffff], next))),
    () => inFragments(u16At(one, 7, pick([0, next() % 100, next(), 0xffff], next))),
    () => inFragments(retyped(one, next)),
    () =>
      inFragments(l2cap(one.readUInt16LE(2), Buffer.concat([one.subarray(4), bytes(next, next() % 600)]))),
    () =>
      inFragments(l2cap(one.readUInt16LE(2), Buffer.concat([one.subarray(4, 7), bytes(next, next() % 250)]))),
    () => inFragments(l2cap(CHANNEL.att, bytes(next, next() % 250))),
    () => inFragments(l2cap(CHANNEL.security, bytes(next, next() % 70))),
    () => inFragments(bytes(next, next() % MAX_PACKET)),
    () => [{ from: 'phone', begins: false, data: bytes(next, next() % 251) }],
    () => shuffled(one, pick(packets, next), next),
    () =>
      next() % 10 === 0 ? Array.from({ length: FLOOD }, () => inFragments(one)).flat() : inFragments(one),
  ];
  return pick(kinds, next)();
}

/** Two packets in small fragments: mixed, out of order, one lost, or one twice. */
function shuffled(one: Buffer, other: Buffer, next: Next): readonly Message[] {
  const pieces = [...inPieces(one, next), ...(next() % 2 === 0 ? inPieces(other, next) : [])];
  const swaps = next() % 3 === 0 ? 0 : pieces.length;
  for (let i = 0; i < swaps; i++) {
    const [a, b] = [next() % pieces.length, next() % pieces.length];
    [pieces[a], pieces[b]] = [pieces[b], pieces[a]] as [Message, Message];
  }
  if (next() % 2 === 0) pieces.splice(next() % pieces.length, 1);
  else pieces.push(pick(pieces, next));
  return pieces;
}

function inPieces(packet: Buffer, next: Next): Message[] {
  const pieces: Message[] = [];
  for (let at = 0; at < packet.length;) {
    const end = at + (next() % 12);
    pieces.push({ from: 'phone', begins: at === 0, data: packet.subarray(at, end) });
    at = end;
  }
  return pieces;
}

function ofController({ events }: Corpus, next: Next): readonly Message[] {
  const one = pick(events, next);
  const kinds: readonly (() => Buffer)[] = [
    () => one,
    () => flipped(one, next, 1),
    () => flipped(one, next, 3),
    () => trueLength(flipped(one.subarray(0, next() % one.length), next, 1)),
    () => trueLength(Buffer.concat([one, bytes(next, next() % 64)])),
    () => Buffer.concat([one.subarray(0, 2), Buffer.of(next() & 0xff), one.subarray(3)]),
    () => event(next() & 0xff, bytes(next, next() % 80)),
    () => event(0x3e, bytes(next, next() % 40)),
    () =>
      event(0x3e, Buffer.concat([Buffer.of(1, 0), bytes(next, 2), Buffer.of(next() % 2), bytes(next, 14)])),
    () =>
      event(0x0e, Buffer.concat([Buffer.of(1), pick(events, next).subarray(4, 6), bytes(next, next() % 12)])),
    () => event(0x13, Buffer.concat([Buffer.of(next() % 40), bytes(next, next() % 200)])),
    () => Buffer.concat([Buffer.of(pick([2, 4], next)), bytes(next, next() % 60)]),
    () => bytes(next, next() % 60),
  ];
  const packet = pick(kinds, next)();
  return Array.from({ length: next() % 100 === 0 ? FLOOD : 1 }, () => ({ from: 'controller', packet }));
}

function event(code: number, parameters: Buffer): Buffer {
  return Buffer.concat([Buffer.of(4, code, parameters.length), parameters]);
}

function retyped(packet: Buffer, next: Next): Buffer {
  const copy = Buffer.from(packet);
  if (copy.length > 4) copy.writeUInt8(next() & 0xff, 4);
  return copy;
}

function u16At(packet: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(packet);
  if (at + 2 <= copy.length) copy.writeUInt16LE(value & 0xffff, at);
  return copy;
}

/** Up to eight bits, none before `from`. */
function flipped(packet: Buffer, next: Next, from: number): Buffer {
  const copy = Buffer.from(packet);
  if (copy.length <= from) return copy;
  for (let flips = 1 + (next() % 8); flips > 0; flips--) {
    const at = from + (next() % (copy.length - from));
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << (next() % 8)), at);
  }
  return copy;
}

function bytes(next: Next, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => next() & 0xff));
}

function pick<T>(from: readonly T[], next: Next): T {
  return from[next() % from.length] as T;
}
