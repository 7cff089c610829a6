import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeInvitation } from '@perigee/gatt';
import { Access } from '../../src/access/index.js';
import type { InvitationTerms, PerigeeError, Store } from '../../src/domain/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { failsWith } from '../support/expect.js';
import { SILENT } from '../support/loggers.js';

const GATEWAY_KEY = new Uint8Array(32).fill(7);
const PHONE = 'ab'.repeat(32);
const OTHER_PHONE = 'cd'.repeat(32);
const MINUTE_MS = 60_000;
const TERMS: InvitationTerms = { name: 'Ada', role: 'technician', mayEnrol: false, validMs: 10 * MINUTE_MS };

interface World {
  readonly access: Access;
  readonly store: Store;
  readonly time: { us: number; wallMs: number };
  /** Makes an invitation; its id. */
  readonly invite: (changes?: Partial<InvitationTerms>) => Promise<string>;
  readonly log: () => Promise<readonly string[]>;
}

async function world(store = createMemoryStore()): Promise<World> {
  const time = { us: 5e6, wallMs: 1e12 };
  const clock = { monotonicUs: () => time.us, wallMs: () => time.wallMs };
  const access = await Access.open({ store: store.access, gatewayKey: GATEWAY_KEY, clock, logger: SILENT });
  return {
    ...{ access, store, time },
    async invite(changes = {}) {
      const { link } = await access.invite({ ...TERMS, ...changes });
      return idOf(link);
    },
    log: async () => (await access.audit(100)).map(({ act, who, detail }) => `${act} ${who}: ${detail}`),
  };
}

function keyOf(i: number): string {
  return i.toString(16).padStart(64, '0');
}

function idOf(link: string): string {
  return Buffer.from(decodeInvitation(link)?.id ?? assert.fail('it is a link')).toString('hex');
}

async function enrolled(access: Access, id: string, key = PHONE): Promise<void> {
  await access.enrol(access.attempt(id) ?? assert.fail('it may be tried'), key);
}

describe('an invitation', () => {
  it('is a link with the key of the gateway and a secret that is never the same', async () => {
    const { access } = await world();
    const links = await Promise.all(['a', 'b'].map((name) => access.invite({ ...TERMS, name })));
    const [one, two] = links.map(({ link }) => decodeInvitation(link) ?? assert.fail('it is a link'));
    assert.deepEqual(one?.gatewayKey, GATEWAY_KEY);
    assert.notDeepEqual(one.secret, two?.secret);
    assert.notDeepEqual(one.id, two?.id);
  });

  it('makes one phone a technician, once', async () => {
    const { access, invite, log } = await world();
    const id = await invite({ role: 'viewer', mayEnrol: true, grantMs: 1000 });
    const attempt = access.attempt(id) ?? assert.fail('it may be tried');
    assert.equal(access.holder(PHONE), undefined, 'an attempt proves nothing');
    const technician = await access.enrol(attempt, PHONE);
    assert.deepEqual(technician, {
      ...{ name: 'Ada', key: PHONE, role: 'viewer', mayEnrol: true },
      ...{ enrolledAtMs: 1e12, expiresAtMs: 1e12 + 1000 },
    });
    assert.deepEqual(access.holder(PHONE), technician);
    await assert.rejects(access.enrol(attempt, OTHER_PHONE), failsWith('access-refused', /was used/));
    assert.equal(access.attempt(id), undefined);
    assert.deepEqual(await log(), [
      'enrolled Ada: as viewer, key abababababababab…, invited by local',
      'invited local: Ada, as viewer',
    ]);
  });

  it('is good for its time, whatever is done to the clock', async () => {
    const { access, invite, time } = await world();
    const id = await invite();
    time.us += 10 * MINUTE_MS * 1000 - 1;
    time.wallMs = 0;
    assert.ok(access.attempt(id));
    time.us += 1;
    assert.equal(access.attempt(id), undefined);
  });

  it('is void when it was tried ten times for nothing', async () => {
    const { access, invite, log } = await world();
    const id = await invite();
    for (let i = 0; i < 10; i++) assert.ok(access.attempt(id));
    assert.equal(access.attempt(id), undefined);
    assert.equal(access.attempt(id), undefined);
    assert.match((await log())[0] ?? '', /^invitation-spent : .* tried too often/);
  });

  it('takes the place of an earlier one of the same name, and of no technician', async () => {
    const { access, invite } = await world();
    const first = await invite();
    const second = await invite();
    assert.equal(access.attempt(first), undefined);
    await enrolled(access, second);
    await assert.rejects(async () => invite(), failsWith('access-refused', /"Ada" is taken/));
  });

  it('is one of a few', async () => {
    const { invite } = await world();
    for (let i = 0; i < 16; i++) await invite({ name: `n${i}` });
    await assert.rejects(async () => invite({ name: 'more' }), failsWith('access-refused', /too many/));
    await invite({ name: 'n3' });
  });

  for (const [why, end] of [
    ['was revoked', ({ access }: World): Promise<unknown> => access.revoke('Mallory')],
    ['has no grant any more', ({ time }: World): Promise<unknown> => Promise.resolve((time.wallMs += 1000))],
  ] as const) {
    it(`counts no more once the technician who made it ${why}`, async () => {
      const here = await world();
      const { access } = here;
      await enrolled(access, await here.invite({ name: 'Mallory', mayEnrol: true, grantMs: 1000 }));
      const link = async (name: string): Promise<string> =>
        idOf((await access.invite({ ...TERMS, name }, 'Mallory')).link);
      const [named, waiting] = [await link('Ghost'), await link('Shade')];
      const attempt = access.attempt(named) ?? assert.fail('it may be tried');
      await end(here);
      assert.equal(access.attempt(waiting), undefined);
      await assert.rejects(access.enrol(attempt, OTHER_PHONE), failsWith('access-refused', /taken back/));
      assert.equal(access.holder(OTHER_PHONE), undefined);
    });
  }

  it('of a technician who was revoked does not come back with another of that name', async () => {
    const { access, invite } = await world();
    await enrolled(access, await invite({ mayEnrol: true }));
    const ghost = idOf((await access.invite({ ...TERMS, name: 'Ghost' }, 'Ada')).link);
    await access.revoke('Ada');
    await enrolled(access, await invite({ mayEnrol: true }), OTHER_PHONE);
    assert.equal(access.attempt(ghost), undefined);
  });

  it('makes nobody whom the log would confuse with the gateway itself', async () => {
    const { invite } = await world();
    await assert.rejects(async () => invite({ name: 'local' }), failsWith('access-refused', /itself/));
  });

  for (const name of ['', ' Ada', 'Ada\n', 'a'.repeat(33), 'A\u202ed']) {
    it(`is not made for the name ${JSON.stringify(name)}`, async () => {
      const { invite } = await world();
      await assert.rejects(async () => invite({ name }), failsWith('usage', /no name of a technician/));
    });
  }
});

describe('a technician', () => {
  it('is known after a restart, and no more once revoked', async () => {
    const { access, invite, store } = await world();
    await enrolled(access, await invite());
    const { access: again, log } = await world(store);
    assert.equal(again.holder(PHONE)?.name, 'Ada');
    assert.equal((await again.revoke('Ada')).key, PHONE);
    assert.equal(again.holder(PHONE), undefined);
    assert.deepEqual(await store.access.technicians(), []);
    await assert.rejects(again.revoke('Ada'), failsWith('technician-unknown', /"Ada"/));
    assert.equal((await log())[0], 'revoked local: Ada');
  });

  it('may nothing from the end of the grant on, also when the clock is set back', async () => {
    const { access, invite, store, time } = await world();
    await enrolled(access, await invite({ grantMs: 1000 }));
    time.wallMs += 999;
    assert.ok(access.holder(PHONE));
    time.wallMs += 1;
    assert.equal(access.holder(PHONE), undefined);
    time.wallMs -= 500;
    assert.equal(access.holder(PHONE), undefined);
    access.note({ act: 'command', who: 'Ada', detail: 'something' });
    const { access: again, time: later } = await world(store);
    later.wallMs = 5;
    assert.equal(again.holder(PHONE), undefined, 'the log says how late it has been');
    assert.equal((await again.technicians()).length, 1, 'it is still listed');
  });

  it('is one of so many as service a board', async () => {
    const { access, invite } = await world();
    for (let i = 0; i < 64; i++) await enrolled(access, await invite({ name: `n${i}` }), keyOf(i));
    await assert.rejects(async () => invite(), failsWith('access-refused', /64 technicians/));
  });

  it('is one of so many also where more invitations were out', async () => {
    const { access, invite } = await world();
    for (let i = 0; i < 63; i++) await enrolled(access, await invite({ name: `n${i}` }), keyOf(i));
    const [last, late] = [await invite({ name: 'last' }), await invite({ name: 'late' })];
    await enrolled(access, last, keyOf(63));
    await assert.rejects(enrolled(access, late, keyOf(64)), failsWith('access-refused', /64 technicians/));
    await access.revoke('n0');
    await enrolled(access, late, keyOf(64));
  });

  it('keeps the name until revoked, whatever else the phone enrols with, and the invitation is left', async () => {
    const { access, invite } = await world();
    await enrolled(access, await invite());
    const bob = await invite({ name: 'Bob', role: 'viewer' });
    await assert.rejects(enrolled(access, bob), (error: PerigeeError) => {
      assert.match(`${error.message}; ${error.cure}`, /is "Ada" here already; .*technician revoke Ada/);
      return true;
    });
    assert.deepEqual(
      (await access.technicians()).map(({ name }) => name),
      ['Ada'],
    );
    await enrolled(access, bob, OTHER_PHONE);
  });

  it('is one, however many enrol at the same time with the same key', async () => {
    const { access, invite, store } = await world();
    const ids = [await invite(), await invite({ name: 'Bob' })];
    const ends = await Promise.allSettled(ids.map((id) => enrolled(access, id)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.deepEqual(
      (await store.access.technicians()).map(({ name }) => name),
      ['Ada'],
    );
  });
});

describe('the audit log', () => {
  it('keeps a line of what a phone sends, however long that is', async () => {
    const { access, log } = await world();
    access.note({ act: 'command', who: 'Ada', detail: `run ${'x'.repeat(4000)}` });
    assert.deepEqual(await log(), [`command Ada: run ${'x'.repeat(124)}`]);
  });

  it('tells refusals together, so that a flood of them pushes nothing out', async () => {
    const { access, log, time } = await world();
    for (let i = 0; i < 1000; i++) access.refuse('no key that is known');
    time.us += 60e6;
    access.refuse('a frame that is none');
    assert.deepEqual(await log(), [
      'refused : 1000 times since the last of these; now: a frame that is none',
      'refused : no key that is known',
    ]);
  });
});
