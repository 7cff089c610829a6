import type { Clock } from '../domain/index.js';

const NS_PER_US = 1000n;

export const systemClock: Clock = {
  monotonicUs: () => Number(process.hrtime.bigint() / NS_PER_US),
  wallMs: () => Date.now(),
};
