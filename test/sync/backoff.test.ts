import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BACKOFF_CAP_MS,
  BACKOFF_FIRST_MS,
  BACKOFF_FLOOR_MS,
  backoffMs,
  parseRetryAfter,
  RETRY_AFTER_MAX_MS,
} from '../../src/sync/backoff.js';

const ALMOST_ONE = 1 - Number.EPSILON;
const DRAWS = [0, 0.25, 0.5, 0.75, ALMOST_ONE];

describe('the back-off', () => {
  it('lies between its floor and its cap, however many failures there were', () => {
    for (let failures = 1; failures <= 2000; failures++) {
      for (const draw of DRAWS) {
        const wait = backoffMs(failures, () => draw);
        assert.ok(
          wait >= BACKOFF_FLOOR_MS && wait <= BACKOFF_CAP_MS,
          `${failures} failures, ${draw}: ${wait}`,
        );
      }
    }
  });

  it('may be twice as long after each failure, until the cap', () => {
    const longest = [1, 2, 3, 4, 30].map((failures) => Math.round(backoffMs(failures, () => ALMOST_ONE)));
    const first = BACKOFF_FIRST_MS;
    assert.deepEqual(longest, [first, 2 * first, 4 * first, 8 * first, BACKOFF_CAP_MS]);
  });

  it('uses the whole range, so that gateways that failed together return apart', () => {
    const waits = DRAWS.map((draw) => backoffMs(5, () => draw));
    assert.deepEqual(
      waits.toSorted((a, b) => a - b),
      waits,
    );
    assert.equal(new Set(waits).size, DRAWS.length);
    assert.equal(waits[0], BACKOFF_FLOOR_MS);
  });

  it('is never shorter than the backend asked for, and little longer', () => {
    for (const draw of DRAWS) {
      const wait = backoffMs(9, () => draw, 42_000);
      assert.ok(wait >= 42_000 && wait <= 42_000 + BACKOFF_FIRST_MS, String(wait));
    }
  });

  it('does not let a backend silence a gateway for good', () => {
    assert.ok(backoffMs(1, () => 0.5, Number.MAX_SAFE_INTEGER) <= RETRY_AFTER_MAX_MS + BACKOFF_FIRST_MS);
  });
});

describe('Retry-After', () => {
  const NOW = Date.UTC(2026, 0, 1);
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', undefined],
    ['-5', undefined],
    ['soon', undefined],
    ['', undefined],
    ['1e99', undefined],
  ];
  for (const [header, expected] of cases) {
    it(`"${header ?? '(none)'}" means ${expected ?? 'nothing'}`, () => {
      assert.equal(parseRetryAfter(header, NOW), expected);
    });
  }
});
