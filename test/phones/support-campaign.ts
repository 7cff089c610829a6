import assert from 'node:assert/strict';
import { inChannel, MAX_PLAINTEXT_BYTES } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { random32 } from '../support/random.js';
import type { TestPhone } from './support-phone.js';
import { again, enrolled, HELLO_RUN, openWorld, START } from './support-phones.js';
import type { World } from './support-phones.js';

type Command = perigee.v1.Command.$Properties;

/** Of each kind, with as much in it as it takes; none of a viewer's that acts. */
export const VALID: readonly Command[] = [
  { enrol: {} },
  { images: {} },
  { start: { ...START, args: 'a=1 b=2', priority: -3, timeLimitMs: 60_000 } },
  { stop: { runId: HELLO_RUN } },
  { runs: { limit: 20 } },
  { log: { runId: HELLO_RUN, tailBytes: 3000 } },
  { open: { runLog: HELLO_RUN } },
  { open: { history: { series: ['m1'], fromMs: 1, toMs: 2, resolution: 'minutes' } } },
  { state: {} },
  { watch: { series: ['m1', 'm2{image="hello"}'] } },
  { schedules: {} },
  { changeSchedule: { name: 'dawn', change: 'pause' } },
  { addSchedule: { name: 'dusk', image: 'hello', cron: '0 18 * * *', zone: 'Europe/Berlin', args: 'x=1' } },
  { invite: { name: 'Bob', role: 'viewer', grantMs: 1000, validMs: 1000 } },
  { time: {} },
  { setTime: { wallMs: 1.8e12, delayMs: 40 } },
];

/** What was sent, and what came of it. */
export interface CampaignCounts {
  messages: number;
  /** Answered, with a result or a refusal. */
  answered: number;
  /** Taken for no message of this session's, which ends it. */
  ended: number;
}

/** Some changes of a phone that is broken, or hostile, and has a key all the same. */
function spoiled(bytes: Uint8Array, next: () => number): Uint8Array {
  const changed = [...bytes];
  const at = next() % (changed.length + 1);
  switch (next() % 5) {
    case 0:
      return Uint8Array.from(changed.slice(0, at));
    case 1:
      changed[at % Math.max(1, changed.length)] = next() & 0xff;
      break;
    case 2:
      changed[at % Math.max(1, changed.length)] =
        (changed[at % Math.max(1, changed.length)] ?? 0) ^ (1 << (next() % 8));
      break;
    case 3:
      changed.splice(at, next() % 4, ...Array.from({ length: next() % 40 }, () => next() & 0xff));
      break;
    default:
      changed.splice(at, 0, ...changed.slice(next() % (at + 1), at));
  }
  return Uint8Array.from(changed.slice(0, MAX_PLAINTEXT_BYTES));
}

function randomMessage(next: () => number): Uint8Array {
  if (next() % 4 === 0) {
    const length = next() % (next() % 8 === 0 ? MAX_PLAINTEXT_BYTES : 64);
    return Uint8Array.from({ length }, () => next() & 0xff);
  }
  const command = VALID[next() % VALID.length] ?? {};
  const id = next() % 3 === 0 ? next() : 1 + (next() % 100);
  let bytes = inChannel('control', perigee.v1.Command.encode({ ...command, id }).finish());
  for (let times = next() % 4; times > 0; times--) bytes = spoiled(bytes, next);
  return bytes;
}

/** What a viewer can never have done. */
export function actsOf(world: World): readonly unknown[] {
  return [world.requests.length, world.schedules.length, world.time.wallMs, world.stopped, world.changed];
}

/** A phone that is known, with a session, whatever became of the one before. */
export function reopened(world: World, phone: TestPhone): TestPhone {
  phone.listener.ended();
  // As many handshakes may begin again.
  world.time.us += 5e6;
  return again(world, phone);
}

/**
 * Seals so many messages of chance, every one of a viewer: each is answered once, or ends the session; nothing is ever
 * done for it, another phone goes on, and nothing is left of any. @throws AssertionError that names the seed.
 */
export async function campaign(seed: number, messages: number): Promise<CampaignCounts> {
  const next = random32(seed);
  const counts: CampaignCounts = { messages: 0, answered: 0, ended: 0 };
  using world = await openWorld();
  const other = await enrolled(world, { name: 'Bob' });
  let phone = await enrolled(world, { role: 'viewer' });
  const before = actsOf(world);
  for (; counts.messages < messages; counts.messages += 1) {
    // None is refused for coming too fast.
    world.time.us += 1e6;
    if (counts.messages % 50 === 0) await served(other, seed);
    const where = `seed ${seed}, message ${counts.messages + 1}`;
    const seen = phone.events.length;
    const status = phone.write('sealed', phone.session.seal(randomMessage(next)));
    assert.ok(status === 0 || status >= 0x80, where);
    if (status !== 0) {
      counts.ended += 1;
      assert.equal(phone.refusal, 'bad-frame', where);
      phone = reopened(world, phone);
      continue;
    }
    await settled();
    const said = phone.events.slice(seen);
    assert.ok(
      said.every(({ kind }) => kind === 'message' || kind === 'nothing'),
      where,
    );
    if (said.some(({ kind }) => kind === 'message')) counts.answered += 1;
    // What the test remembers of a phone is not what the gateway does.
    phone.events.length = 0;
    phone.sent.length = 0;
  }
  assert.deepEqual(actsOf(world), before, `seed ${seed}: something was done`);
  await served(other, seed);
  phone.listener.ended();
  await settled();
  assert.equal(world.sessions(), 1, `seed ${seed}`);
  assert.equal(world.newsReaders(), 0, `seed ${seed}`);
  return counts;
}

async function served(other: TestPhone, seed: number): Promise<void> {
  assert.ok((await other.ask({ state: {} })).state, `seed ${seed}: another phone is not served`);
  other.events.length = 0;
  other.sent.length = 0;
}

/** Everything that can be answered without waiting for the disk or a guest. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
