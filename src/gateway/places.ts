import { PerigeeError, type Admission } from '../domain/index.js';

/** So many runs at once; one more is refused. */
export function createPlaces(limit: number): Admission {
  let taken = 0;
  return {
    enter() {
      if (taken >= limit) return Promise.reject(tooMany(limit));
      taken += 1;
      return Promise.resolve({
        [Symbol.dispose]() {
          taken -= 1;
        },
      });
    },
  };
}

function tooMany(limit: number): PerigeeError {
  const message = `as many guests run already as this gateway runs at once (${limit})`;
  const cure = 'Stop one (`perigee ps`, `perigee stop`) or raise runner.maxRuns.';
  return new PerigeeError('run-refused', message, cure);
}
