import assert from 'node:assert/strict';
import { HISTORY_LIMITS } from '@perigee/gatt';
import type {
  HistoryPacker,
  HistoryPoint,
  HistoryRequest,
  PackLimits,
  Store,
} from '../../src/domain/index.js';
import { fetchHistory, pointsOf } from '../../src/nearby/index.js';
import { logSources, visitsTo } from '../support/visits.js';
import { collect } from './support-store.js';

/** So that one snapshot is enough; and so that it takes many, for each of the reasons that there are. */
const LIMITS: readonly PackLimits[] = [
  HISTORY_LIMITS,
  { ...HISTORY_LIMITS, shapes: 40 },
  { ...HISTORY_LIMITS, values: 60_000 },
  { ...HISTORY_LIMITS, bytes: 400_000, epochs: 20 },
];

/** What a store has of a series, and a phone that fetches it sees: the same. */
export async function historyOf(
  store: Store & HistoryPacker,
  request: HistoryRequest,
): Promise<readonly HistoryPoint[]> {
  const points = (await collect(store.history(request))).flat();
  for (const limits of LIMITS) assert.deepEqual(await fetched(store, request, limits), points);
  return points;
}

/** What a phone sees that fetches it by such limits. */
export async function fetched(
  store: HistoryPacker,
  request: HistoryRequest,
  limits: PackLimits,
): Promise<readonly HistoryPoint[]> {
  const history = {
    packHistory: (asked: Parameters<HistoryPacker['packHistory']>[0]) =>
      store.packHistory({ ...asked, limits }),
  };
  const { visit } = visitsTo({ ...logSources(() => ''), history });
  const histories = await collect(fetchHistory(visit, { ...request, series: [request.series] }));
  return (await collect(pointsOf(histories, request.series))).flat();
}
