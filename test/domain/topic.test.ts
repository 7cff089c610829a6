import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Topic } from '../../src/domain/index.js';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('Topic', () => {
  it('gives each reader everything published since it subscribed, in order', async () => {
    const topic = new Topic<number>();
    const early = topic.subscribe();
    topic.publish(1);
    const late = topic.subscribe();
    topic.publish(2);
    topic.close();
    assert.deepEqual(await collect(early), [1, 2]);
    assert.deepEqual(await collect(late), [2]);
  });

  it('drops the oldest for a reader that falls behind, and nothing for the others', async () => {
    const topic = new Topic<number>();
    const slow = topic.subscribe(2);
    const other = topic.subscribe();
    [1, 2, 3].forEach((n) => topic.publish(n));
    topic.close();
    assert.deepEqual(await collect(slow), [2, 3]);
    assert.deepEqual(await collect(other), [1, 2, 3]);
  });

  it('never drops what has to be kept, however slow the reader is', async () => {
    const topic = new Topic<number>((n) => n % 10 === 0);
    const slow = topic.subscribe(3);
    for (let n = 1; n <= 50; n += 1) topic.publish(n);
    topic.close();
    const seen = await collect(slow);
    assert.deepEqual(
      seen.filter((n) => n % 10 === 0),
      [10, 20, 30, 40, 50],
    );
  });

  it('gives a reader that comes too late an end, and no wait', async () => {
    const topic = new Topic<number>();
    topic.close();
    assert.deepEqual(await collect(topic.subscribe()), []);
  });

  it('wakes a reader that waits', async () => {
    const topic = new Topic<string>();
    const reader = topic.subscribe();
    const next = reader.next();
    topic.publish('here');
    assert.deepEqual(await next, { done: false, value: 'here' });
  });

  it('forgets a reader that leaves', async () => {
    const topic = new Topic<number>();
    for await (const item of publishOnceRead(topic)) {
      assert.equal(item, 7);
      break;
    }
    assert.equal(topic.readers, 0);
  });

  it('ends a reader that waits when another part leaves for it', async () => {
    const reader = new Topic<number>().subscribe();
    const next = reader.next();
    await reader.return?.();
    assert.deepEqual(await next, { done: true, value: undefined });
  });
});

function publishOnceRead(topic: Topic<number>): AsyncIterable<number> {
  const reader = topic.subscribe();
  topic.publish(7);
  return reader;
}
