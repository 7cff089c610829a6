import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { BulkSender, pieceBytes } from '@perigee/gatt';
import type { BulkReceiver } from '@perigee/gatt';
import { PerigeeError } from '../../src/domain/index.js';
import { download } from '../../src/nearby/index.js';
import type { Visit } from '../../src/nearby/index.js';
import { random32 } from '../support/random.js';
import { failsWith } from '../support/expect.js';

const next = random32(11);
const PLAIN = Uint8Array.from({ length: 50_000 }, () => next() & 0xff);

interface Gateway {
  /** Pieces that each session lasts for. */
  readonly lasts: () => number;
  readonly plain?: () => Uint8Array;
  readonly plainSize?: number;
}

/** A gateway whose every session ends after some pieces. */
function visits({ lasts, plain = () => PLAIN, plainSize }: Gateway): {
  readonly visit: () => Promise<Visit>;
  readonly count: () => number;
} {
  let count = 0;
  let open = 0;
  const lost = (): PerigeeError => new PerigeeError('radio-unavailable', 'it is gone', 'Connect again.');
  const visit = (): Promise<Visit> => {
    assert.equal(open, 0, 'one at a time');
    count += 1;
    open += 1;
    const now = plain();
    const bytes = new Uint8Array(deflateSync(now));
    const session: Visit['session'] = {
      open: () =>
        Promise.resolve({ id: bytes.slice(-16), size: bytes.length, plainSize: plainSize ?? now.length }),
      fetch(receiver: BulkReceiver) {
        const sender = new BulkSender(bytes);
        let credit = receiver.begin(244);
        for (let left = lasts(); left > 0; left--) {
          if (credit) assert.ok(sender.grant(credit));
          const progress = receiver.take(sender.take(pieceBytes(244)) ?? assert.fail('a piece'));
          if (progress.kind === 'done') return Promise.resolve(progress.snapshot);
          credit = progress.kind === 'going' ? progress.credit : undefined;
        }
        return Promise.reject(lost());
      },
    };
    const put = (): Promise<void> => Promise.resolve(void (open -= 1));
    return Promise.resolve({ session, [Symbol.asyncDispose]: put });
  };
  return { visit, count: () => count };
}

describe('a download', () => {
  it('goes on where it was, over as many connections as it takes', async () => {
    const { count, visit } = visits({ lasts: () => 20 });
    assert.deepEqual(await download(visit, { series: {} }), PLAIN);
    assert.ok(count() > 10);
  });

  it('begins anew when the gateway has another snapshot meanwhile', async () => {
    let sessions = 0;
    const other = PLAIN.slice(1);
    const { visit } = visits({ lasts: () => 30, plain: () => (sessions++ < 4 ? PLAIN : other) });
    assert.deepEqual(await download(visit, { series: {} }), other);
  });

  it('gives up when three connections in a row brought nothing', async () => {
    const { count, visit } = visits({ lasts: () => 0 });
    await assert.rejects(download(visit, { series: {} }), failsWith('radio-unavailable', /gone/));
    assert.equal(count(), 3);
  });

  it('gives up at once when the gateway refuses, and takes no more than it was told', async () => {
    const refusing = visits({ lasts: () => 1 });
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
    const huge = visits({ lasts: () => 1, plainSize: 2 ** 31 });
    await assert.rejects(download(huge.visit, {}), failsWith('usage', /more than this phone takes/));
    const bomb = visits({ lasts: () => 1000, plain: () => new Uint8Array(1e6), plainSize: 1000 });
    await assert.rejects(download(bomb.visit, {}));
  });
});
