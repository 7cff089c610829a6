import assert from 'node:assert/strict';
import { BulkSender } from '@perigee/gatt';
import type { BulkReceiver } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { PerigeeError } from '../../src/domain/index.js';
import type { Visit } from '../../src/nearby/index.js';
import { takeSnapshot } from '../../src/phones/snapshots.js';
import type { SnapshotSources } from '../../src/phones/snapshots.js';

interface Visits {
  readonly visit: () => Promise<Visit>;
  /** Sessions so far. */
  readonly count: () => number;
  /** Bytes of snapshots that went over the air. */
  readonly carried: () => number;
}

interface Flaws {
  /** Pieces that each session lasts for; endless if absent. */
  readonly lasts?: () => number;
  /** Of what the gateway says. */
  readonly told?: perigee.v1.Snapshot.$Properties;
}

/** As many as one packet carries: a session that ends, ends among many. */
const PIECE_BYTES = 222;

/** Visits to a gateway with no radio between: its snapshots, and the transfer of them. */
export function visitsTo(
  sources: SnapshotSources,
  { lasts = () => Infinity, told = {} }: Flaws = {},
): Visits {
  let [count, open, carried] = [0, 0, 0];
  const visit = (): Promise<Visit> => {
    assert.equal(open, 0, 'one at a time');
    count += 1;
    open += 1;
    let sender: BulkSender | undefined;
    const session: Visit['session'] = {
      open: async (what) => {
        const { bytes, ...taken } = await takeSnapshot(what, sources);
        sender = new BulkSender(bytes);
        return { ...taken, size: bytes.length, ...told };
      },
      fetch(receiver: BulkReceiver, { taken } = {}) {
        let credit = receiver.begin(244);
        for (let left = lasts(); left > 0; left--) {
          if (credit) assert.ok(sender?.grant(credit));
          const piece = sender?.take(PIECE_BYTES) ?? assert.fail('a piece');
          carried += piece.length - 4;
          const progress = receiver.take(piece);
          taken?.();
          if (progress.kind === 'done') return Promise.resolve(progress.snapshot);
          credit = progress.kind === 'going' ? progress.credit : undefined;
        }
        return Promise.reject(new PerigeeError('radio-unavailable', 'it is gone', 'Connect again.'));
      },
    };
    const put = (): Promise<void> => Promise.resolve(void (open -= 1));
    return Promise.resolve({ session, [Symbol.asyncDispose]: put });
  };
  return { visit, count: () => count, carried: () => carried };
}

/** A gateway that has one log, and else nothing. */
export function logSources(log: () => string): SnapshotSources {
  return {
    ...{ gatewayId: '0123456789abcdef', history: { packHistory: () => assert.fail('it has no history') } },
    control: { consoleLog: () => Promise.resolve(log()), latest: () => Promise.resolve([]) },
  };
}
