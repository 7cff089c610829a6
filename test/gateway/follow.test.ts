import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Topic, parseRunId, type RunNews, type RunRecord } from '../../src/domain/index.js';
import { follow } from '../../src/gateway/follow.js';
import { collect, run as record } from '../store/support-store.js';

const ID = parseRunId('00000000000000aa');
const going = record(ID, 1);
const ended: RunRecord = { ...going, state: { kind: 'ended', reason: { kind: 'completed' } } };
const reported: RunNews = { kind: 'report', run: going, windowEndUs: 1, samples: [] };
const begun: RunNews = { kind: 'changed', run: going };
const over: RunNews = { kind: 'changed', run: ended };

/** What is told of a run that does so much before its start is answered, and so much after it. */
async function told(before: readonly RunNews[], answer: RunRecord, after: readonly RunNews[] = []) {
  const events = new Topic<RunNews>();
  const start = (): Promise<RunRecord> => {
    before.forEach((news) => events.publish(news));
    setImmediate(() => after.forEach((news) => events.publish(news)));
    return Promise.resolve(answer);
  };
  const news = await collect(follow({ events, start }, { id: ID, image: 'hello' }));
  assert.equal(events.readers, 0);
  return news;
}

describe('whoever follows a run', () => {
  it('hears all of one that ended before its start was answered', async () => {
    assert.deepEqual(await told([begun, reported, over], ended), [begun, reported, over]);
  });

  it('hears the end of one that was over before anyone asked', async () => {
    assert.deepEqual(await told([], ended), [over]);
  });

  it('hears of one that goes on until it ends, and nothing of others', async () => {
    const other = { ...reported, run: { ...going, id: parseRunId('00000000000000bb') } };
    assert.deepEqual(await told([], going, [other, reported, over, reported]), [begun, reported, over]);
  });

  it('hears everything once and in its order, whatever happened before its start was answered', async () => {
    const queued: RunNews = { kind: 'changed', run: { ...going, state: { kind: 'queued' } } };
    assert.deepEqual(await told([queued, begun], going, [over]), [queued, begun, over]);
  });

  it('reads nothing more from when they leave, though nothing comes any more', async () => {
    const events = new Topic<RunNews>();
    const start = (): Promise<RunRecord> => Promise.resolve(going);
    const news = follow({ events, start }, { id: ID, image: 'hello' })[Symbol.asyncIterator]();
    assert.deepEqual(await news.next(), { done: false, value: begun });
    const next = news.next();
    const left = news.return?.();
    assert.equal(events.readers, 0);
    assert.deepEqual([(await next).done, (await left)?.done], [true, true]);
  });

  it('reads nothing where they leave before the start is answered', () => {
    const events = new Topic<RunNews>();
    const start = (): Promise<RunRecord> => new Promise(() => undefined);
    const news = follow({ events, start }, { id: ID, image: 'hello' })[Symbol.asyncIterator]();
    void news.next();
    assert.equal(events.readers, 1);
    void news.return?.();
    assert.equal(events.readers, 0);
  });
});
