import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inChannel } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { run } from '../store/support-store.js';
import { again, enrolled, HELLO_RUN, openWorld, refusalOf, START } from './support-phones.js';

const NOT_ENROLLED = 0x80;
const NO_SESSION = 0x81;
const BAD_FRAME = 0x83;

describe('a technician', () => {
  it('starts a run, is told of it to its end, and it is in the log', async () => {
    using world = await openWorld();
    const samples = [
      { series: { name: 'boot', labels: { image: 'hello' }, unit: 'milliseconds' as const }, value: 1.5 },
    ];
    const ended = { state: { kind: 'ended', reason: { kind: 'exit-code', code: 3 } } } as const;
    world.news.push(
      { kind: 'changed', run: run(HELLO_RUN, 1, { state: { kind: 'queued', why: { text: 'no memory' } } }) },
      { kind: 'report', run: run(HELLO_RUN, 1), windowEndUs: 1, samples },
      { kind: 'changed', run: run(HELLO_RUN, 1, ended) },
    );
    const phone = await enrolled(world);
    const { run: accepted } = await phone.ask({
      start: { ...START, args: 'a=1', priority: -99, timeLimitMs: 5 },
    });
    assert.equal(accepted?.state, 'accepted');
    assert.deepEqual(world.requests, [
      { id: HELLO_RUN, image: 'hello', priority: -9, args: 'a=1', timeLimitMs: 5 },
    ]);
    const notices = (await phone.said()).flatMap((each) => (each.run ? [each.run] : []));
    assert.deepEqual(
      notices.map(({ end, state, text }) => [state, text, end]),
      [
        ['queued', 'no memory', ''],
        ['reporting', '', ''],
        ['ended', 'ended with status 3', 'exit-code'],
      ],
    );
    assert.deepEqual(
      { ...notices[1]?.values?.[0] },
      { series: 'boot{image="hello"}', value: 1.5, unit: 'milliseconds' },
    );
    assert.equal((await world.audit())[0], `command Ada: run hello as ${HELLO_RUN}`);
  });

  it('hears why a command cannot be done, and the session goes on', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const refused: readonly (readonly [perigee.v1.Command.$Properties, RegExp])[] = [
      [{ start: { ...START, image: 'nonesuch' } }, /^image-unknown: no such image/],
      [{ start: { ...START, image: '../x' } }, /^image-unknown/],
      [{ start: { ...START, runId: 'zz' } }, /^usage: "zz" is no run id/],
      [{ start: { ...START, args: 'a\nb' } }, /^usage: the arguments are not valid/],
      [{ start: { ...START, args: 'x'.repeat(161) } }, /^usage/],
      [{ start: { ...START, image: 'defect' } }, /^internal: the gateway failed$/],
      [{ stop: {} }, /^usage/],
      [{ log: {} }, /^usage/],
      [{ enrol: {} }, /^access-refused: there is nothing to enrol/],
      [{}, /^usage: this gateway does not know the command/],
    ];
    for (const [command, expected] of refused) assert.match(await refusalOf(phone, command), expected);
    assert.equal((await phone.ask({ stop: { runId: HELLO_RUN } })).run?.end, 'completed');
  });

  it('gets as much of a long answer as one message takes', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const { images } = await phone.ask({ images: {} });
    assert.ok(images?.more === true && (images.images?.length ?? 0) > 5);
    const { runs } = await phone.ask({ runs: { limit: 100 } });
    assert.ok(runs?.more === true && (runs.runs?.length ?? 0) > 20);
    const { log } = await phone.ask({ log: { runId: HELLO_RUN, tailBytes: 1_000_000 } });
    assert.match(log?.text ?? '', /^line\n(line\n)+the end\n$/);
    assert.equal(log?.cut, true);
  });

  it('has a few commands under way, and is told of a few runs', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    for (let id = 101; id <= 106; id++)
      phone.command({ id, start: { ...START, runId: id.toString(16).padStart(16, '0') } });
    const answers = (await phone.said()).flatMap(({ answer }) =>
      answer?.refusal ? [answer.refusal.message] : [],
    );
    assert.deepEqual(answers, ['too many commands at once', 'too many commands at once']);
    assert.equal(world.followers, 4);
    assert.match(await refusalOf(phone, { start: START }), /too many runs at once/);
    phone.listener.ended();
    await phone.said();
    world[Symbol.dispose]();
    await phone.said();
    assert.equal(world.followers, 0, 'nobody is told any more');
    assert.equal(world.sessions(), 0);
  });

  it('ends its session by one frame that is wrong', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const sealed = phone.session.seal(inChannel('control', new Uint8Array([1, 2, 3])));
    assert.equal(phone.write('sealed', sealed), BAD_FRAME, 'no protobuf');
    assert.equal(phone.refusal, 'bad-frame');
    const other = again(world, phone);
    other.session.seal(new Uint8Array(1));
    assert.equal(other.command({ images: {} }), BAD_FRAME, 'one was left out');
  });

  it('has no session any more within a second of being revoked, or of the end of the grant', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    using world = await openWorld();
    const ada = await enrolled(world, { grantMs: 5000 });
    const bob = await enrolled(world, { name: 'Bob' });
    world.time.wallMs += 4999;
    context.mock.timers.tick(1000);
    assert.equal(ada.refusal, undefined);
    await world.access.revoke('Bob');
    assert.match(await refusalOf(bob, { start: START }), /may nothing any more/);
    world.time.wallMs += 1;
    context.mock.timers.tick(1000);
    assert.deepEqual([ada.refusal, bob.refusal], ['not-enrolled', 'not-enrolled']);
    assert.deepEqual(world.requests, []);
    assert.equal(world.phone({ keys: ada.keys }).hello(), NOT_ENROLLED);
    assert.equal(world.phone({ keys: bob.keys }).hello(), NOT_ENROLLED);
    assert.deepEqual(
      [world.access.refused['a grant that has expired'], world.access.refused['a key of no technician']],
      [1, 1],
    );
  });

  it('has no session any more after a quarter of an hour without a word, nor a phone that only said hello', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    using world = await openWorld();
    const phone = await enrolled(world);
    const greeted = world.phone({ keys: phone.keys });
    greeted.hello();
    world.time.us += 30e6;
    context.mock.timers.tick(1000);
    assert.deepEqual([phone.refusal, greeted.refusal], [undefined, 'no-session']);
    world.time.us += 15 * 60e6;
    context.mock.timers.tick(1000);
    assert.equal(phone.refusal, 'no-session');
    assert.equal(phone.write('sealed', new Uint8Array(40)), NO_SESSION);
  });
});

describe('a viewer', () => {
  it('sees, and does nothing', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    assert.ok((await phone.ask({ images: {} })).images);
    assert.match(await refusalOf(phone, { start: START }), /access-refused: a viewer may not do this/);
    assert.match(await refusalOf(phone, { stop: { runId: HELLO_RUN } }), /a viewer may not/);
    assert.deepEqual(world.requests, []);
  });
});

describe('a phone that takes nothing', () => {
  it('is kept no more for than a few messages, is cut off after a while, and the others do not notice', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    using world = await openWorld();
    for (let i = 0; i < 5000; i++) world.news.push({ kind: 'changed', run: run(HELLO_RUN, i) });
    const slow = await enrolled(world);
    slow.sent.length = 0;
    slow.room = 0;
    slow.command({ start: START });
    await slow.said();
    const other = await enrolled(world, { name: 'Bob' });
    assert.ok((await other.ask({ images: {} })).images);
    slow.room = Infinity;
    const before = slow.events.length;
    slow.drain();
    assert.ok(slow.events.length - before < 150, 'thirty messages in their fragments');
    assert.ok(
      (await slow.said()).some(({ answer }) => answer?.run),
      'answers are not lost',
    );
    slow.room = 0;
    slow.sent.length = 0;
    slow.command({ images: {} });
    await slow.said();
    context.mock.timers.tick(1000);
    assert.equal(slow.disconnected, false);
    world.time.us += 31e6;
    context.mock.timers.tick(1000);
    assert.equal(slow.disconnected, true);
    assert.equal(other.disconnected, false);
  });
});
