import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PerigeeError } from '../../src/domain/index.js';
import { download } from '../../src/nearby/index.js';
import type { TransferNews, Visit } from '../../src/nearby/index.js';
import { random32 } from '../support/random.js';
import { failsWith } from '../support/expect.js';
import { logSources, visitsTo } from '../support/visits.js';

const next = random32(11);
const LOG = { runLog: '00000000000000aa' };
/** So many letters by chance: deflated, three quarters of it. */
const noise = (length: number): string =>
  Array.from({ length }, () => String.fromCharCode(64 + (next() & 63))).join('');
const PLAIN = noise(100_000);

const textOf = async (bytes: Promise<Uint8Array>): Promise<string> => Buffer.from(await bytes).toString();

describe('a download', () => {
  it('goes on where it was, over as many connections as it takes, and tells how it goes', async () => {
    const { carried, count, visit } = visitsTo(
      logSources(() => PLAIN),
      { lasts: () => 20 },
    );
    const news: TransferNews[] = [];
    assert.equal(await textOf(download(visit, LOG, { tell: (one) => news.push(one) })), PLAIN);
    assert.ok(count() > 10);
    const last = news.at(-1);
    assert.ok(last?.kind === 'received' && last.bytes === last.size && carried() === last.size);
    assert.equal(news.filter(({ kind }) => kind === 'lost').length, count() - 1);
  });

  it('fetches only the end again of what has grown meanwhile', async () => {
    let sessions = 0;
    const grown = noise(40_000);
    const plain = (): string => PLAIN + grown.slice(0, 4000 * Math.floor(sessions++ / 2));
    const { carried, visit } = visitsTo(logSources(plain), { lasts: () => 100 });
    assert.ok((await textOf(download(visit, LOG))).startsWith(PLAIN));
    assert.ok(carried() < 0.75 * 140_000 + 2 * 32_000, `${carried()}`);
  });

  it('begins anew when the gateway has another snapshot meanwhile', async () => {
    let sessions = 0;
    const other = PLAIN.slice(1);
    const { carried, visit } = visitsTo(
      logSources(() => (sessions++ < 4 ? PLAIN : other)),
      { lasts: () => 30 },
    );
    assert.equal(await textOf(download(visit, LOG)), other);
    assert.ok(carried() > 75_000);
  });

  it('gives up when four connections in a row brought nothing, with ever longer pauses between them', async () => {
    const waits: number[] = [];
    const wait = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
    const { count, visit } = visitsTo(
      logSources(() => PLAIN),
      { lasts: () => 0 },
    );
    await assert.rejects(download(visit, LOG, { wait }), failsWith('radio-unavailable', /gone/));
    assert.equal(count(), 4);
    assert.deepEqual(waits, [1_000, 5_000, 15_000]);
  });

  it('gives up at once when the gateway refuses, and takes no more than it was told', async () => {
    const refusing = visitsTo(logSources(() => PLAIN));
    const refuse = (): Promise<never> =>
      Promise.reject(new PerigeeError('access-refused', 'not you', 'Ask.'));
    const visit = async (): Promise<Visit> => {
      const here = await refusing.visit();
      return {
        session: { ...here.session, open: refuse },
        [Symbol.asyncDispose]: () => here[Symbol.asyncDispose](),
      };
    };
    await assert.rejects(download(visit, {}), failsWith('access-refused', /not you/));
    assert.equal(refusing.count(), 1);
    const huge = visitsTo(
      logSources(() => PLAIN),
      { told: { plainSize: 2 ** 31 } },
    );
    await assert.rejects(download(huge.visit, LOG), failsWith('usage', /more than this phone takes/));
    const bomb = visitsTo(
      logSources(() => 'a'.repeat(1e6)),
      { told: { plainSize: 1000 } },
    );
    await assert.rejects(download(bomb.visit, LOG), failsWith('radio-unavailable', /no snapshot/));
    assert.equal(bomb.count(), 1);
  });
});
