import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeInvitation } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { enrolled, openWorld, refusalOf, sampleOf } from './support-phones.js';

const DAY_MS = 86_400_000;

describe('a viewer', () => {
  it('sees how the gateway is', async () => {
    using world = await openWorld();
    const { state } = await (await enrolled(world, { role: 'viewer' })).ask({ state: {} });
    assert.deepEqual(
      { ...state },
      {
        ...{ version: '1.2.3', epoch: 7, uptimeSeconds: 12, activeRuns: 2, queuedRuns: 1 },
        ...{ crashLoops: ['dawn'], samplesStored: 1000, lostObservations: 3, sync: 'waits', syncWaits: true },
        ...{ samplesAcknowledged: 900, wallMs: 1.8e12 },
        ...{ recording: 'waiting', recordingText: 'samples wait in the head log' },
      },
    );
  });

  it('sees what is started by itself, and changes nothing of it', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    const { schedules } = await phone.ask({ schedules: {} });
    assert.deepEqual(
      schedules?.schedules?.map(({ at, cron, dueAtMs, everyMs, kept, name, zone }) => [
        ...[name, kept ?? cron ?? everyMs ?? at, zone, dueAtMs ?? undefined],
      ]),
      [
        ['kept', true, '', undefined],
        ['dawn', '0 6 * * *', 'Europe/Berlin', 1.8e12],
        ['often', 60_000, '', undefined],
        ['once', '2030-01-01T00:00', '', undefined],
      ],
    );
    assert.match(
      await refusalOf(phone, { changeSchedule: { name: 'dawn', change: 'pause' } }),
      /a viewer may not/,
    );
  });

  it('sees what time it is, and does not set it', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    const { time } = await phone.ask({ time: {} });
    assert.deepEqual([time?.wallMs, time?.source], [1.8e12, 'board']);
    assert.match(await refusalOf(phone, { setTime: { wallMs: 1.9e12 } }), /a viewer may not/);
    assert.equal(world.time.wallMs, 1.8e12);
  });

  it('hears of the series that it watches, whoever started their runs, and of no others', async () => {
    using world = await openWorld();
    const phone = await enrolled(world, { role: 'viewer' });
    const other = await enrolled(world, { name: 'Bob', role: 'viewer' });
    assert.equal((await phone.ask({ watch: { series: ['m1', 'm3'] } })).watching?.series, 2);
    world.report([sampleOf(1, 10), sampleOf(2, 20)]);
    world.report([sampleOf(2, 21)]);
    await phone.said();
    await phone.ask({ watch: { series: ['m2'] } });
    world.report([sampleOf(1, 11), sampleOf(2, 22)]);
    await phone.said();
    await phone.ask({ watch: {} });
    world.report([sampleOf(2, 23)]);
    const heard = (await phone.said()).flatMap(({ news }) => news?.values ?? []);
    assert.deepEqual(
      heard.map(({ series, value }) => [series, value]),
      [
        ['m1', 10],
        ['m2', 22],
      ],
    );
    assert.ok((await other.said()).every(({ news }) => !news));
    assert.match(
      await refusalOf(phone, { watch: { series: Array<string>(33).fill('m') } }),
      /too many series/,
    );
    assert.equal(world.newsReaders(), 1);
    phone.listener.ended();
    assert.equal(world.newsReaders(), 0, 'who has left costs nothing');
  });
});

describe('a technician', () => {
  it('pauses and resumes what is started by itself, and it is in the log', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const { schedules } = await phone.ask({ changeSchedule: { name: 'dawn', change: 'pause' } });
    assert.equal(schedules?.schedules?.[0]?.state, 'paused');
    assert.equal((await world.audit())[0], 'command Ada: pause schedule dawn');
    const refused = [
      [{ name: 'dawn', change: 'break' }, /^usage: this is no change/],
      [{ name: 'none', change: 'pause' }, /^schedule-unknown/],
    ] as const;
    for (const [changeSchedule, expected] of refused)
      assert.match(await refusalOf(phone, { changeSchedule }), expected);
  });

  it('adds a schedule by the rules of the command line, once however often it is sent', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const asked = {
      name: 'dusk',
      image: 'hello',
      cron: '0 18 * * *',
      zone: 'Europe/Berlin',
      timeLimitMs: 60_000,
    };
    for (let tries = 0; tries < 2; tries++) {
      const { schedules } = await phone.ask({ addSchedule: asked });
      assert.equal(schedules?.schedules?.[0]?.cron, '0 18 * * *');
    }
    assert.deepEqual(world.schedules.at(-1), {
      ...{ name: 'dusk', image: 'hello', jitterMs: 0, missed: 'skip', overlap: 'skip', restart: 'never' },
      ...{ trigger: { kind: 'cron', expression: '0 18 * * *', zone: 'Europe/Berlin' }, priority: 0 },
      ...{ timeLimitMs: 60_000, skipped: 0, state: { kind: 'waiting' } },
    });
    assert.equal(world.schedules.filter(({ name }) => name === 'dusk').length, 1);
    assert.equal((await world.audit())[0], 'command Ada: add schedule dusk of hello');
    const refused: readonly (readonly [perigee.v1.AddSchedule.$Properties, RegExp])[] = [
      [{}, /^usage: the schedule is not valid: trigger.everyMs/],
      [{ ...asked, image: '../x' }, /^image-unknown/],
      [{ ...asked, missed: 'never' }, /^usage: the schedule is not valid: missed/],
      [{ ...asked, args: 'a\nb' }, /^usage: .* args/],
      [{ ...asked, priority: 10 }, /^usage: .* priority/],
      [{ ...asked, cron: '', everyMs: 1e12 }, /^usage/],
    ];
    for (const [addSchedule, expected] of refused)
      assert.match(await refusalOf(phone, { addSchedule }), expected);
    const viewer = await enrolled(world, { name: 'Eve', role: 'viewer' });
    assert.match(await refusalOf(viewer, { addSchedule: { ...asked, name: 'x' } }), /a viewer may not/);
    assert.equal(world.schedules.length, 5, 'and nothing was added by these');
  });

  it('tells the time, with what it takes to arrive, and it is in the log by how much it was wrong', async () => {
    using world = await openWorld();
    const phone = await enrolled(world);
    const { time } = await phone.ask({ setTime: { wallMs: 1.8e12 + 5000, delayMs: 40 } });
    assert.deepEqual({ ...time }, { wallMs: 1.8e12 + 5040, source: 'board', correctedMs: 5040 });
    assert.deepEqual((await world.audit()).slice(0, 2), [
      'command Ada: the time was put forward by 5.04 s',
      'command Ada: set the time to 2027-01-15 08:00:05Z',
    ]);
    await phone.ask({ setTime: { wallMs: 1.8e12, delayMs: 4e9 } });
    assert.equal(world.time.wallMs, 1.8e12 + 10_000, 'no link is so slow');
  });

  it('moves no clock that NTP keeps', async () => {
    using world = await openWorld();
    world.time.keptByNtp = true;
    const phone = await enrolled(world);
    assert.match(await refusalOf(phone, { setTime: { wallMs: 1e12 } }), /^time-refused: NTP/);
    assert.equal((await phone.ask({ time: {} })).time?.source, 'network');
    assert.equal(world.time.wallMs, 1.8e12);
  });

  it('invites nobody, unless that was granted', async () => {
    using world = await openWorld();
    const invite = { name: 'Bob', role: 'viewer' };
    assert.match(await refusalOf(await enrolled(world), { invite }), /access-refused: Ada may invite nobody/);
    const eve = await enrolled(world, { name: 'Eve', mayEnrol: true });
    const { invited } = await eve.ask({ invite });
    assert.equal(invited?.validMs, 600_000);
    const bob = world.phone({ invitation: decodeInvitation(invited.link ?? '') ?? assert.fail('a link') });
    bob.hello();
    const answer = await bob.ask({ enrol: {} });
    assert.deepEqual([answer.enrolled?.name, answer.enrolled?.role], ['Bob', 'viewer']);
    assert.ok((await world.audit()).some((line) => line.endsWith('invited by Eve')));
    assert.match(await refusalOf(eve, { invite }), /"Bob" is taken/);
    assert.match(await refusalOf(eve, { invite: { ...invite, role: 'king' } }), /^usage: this is no role/);
    assert.match(await refusalOf(eve, { invite: { role: 'viewer' } }), /^usage: "" is no name/);
  });

  it('grants nothing that they do not have, and nothing for longer', async () => {
    using world = await openWorld();
    const eve = await enrolled(world, { name: 'Eve', role: 'viewer', mayEnrol: true, grantMs: DAY_MS });
    const asTechnician = { name: 'Bob', role: 'technician' };
    assert.match(await refusalOf(eve, { invite: asTechnician }), /a viewer invites viewers only/);
    for (const [name, grantMs] of [
      ['Bob', 0],
      ['Cid', 10 * DAY_MS],
    ] as const) {
      const { invited } = await eve.ask({ invite: { name, role: 'viewer', grantMs, validMs: 10 * DAY_MS } });
      assert.equal(invited?.validMs, DAY_MS);
      const phone = world.phone({
        invitation: decodeInvitation(invited.link ?? '') ?? assert.fail('a link'),
      });
      phone.hello();
      assert.equal((await phone.ask({ enrol: {} })).enrolled?.expiresAtMs, 1.8e12 + DAY_MS);
    }
  });
});
