/** A process to be measured: stores so many seconds of the data set, and prints by how much its memory grew. */
import { keepHeapSmall } from '../../src/platform/index.js';
import { openLevelStore } from '../../src/store/index.js';
import { SILENT } from '../../test/support/loggers.js';
import { START_MS, observations } from './data.js';

const [, , directory = '', seconds = '0'] = process.argv;

// As the gateway does.
keepHeapSmall();
const data = [...observations(600)];
globalThis.gc?.();
const before = process.memoryUsage.rss();
// Runs with the data, so that blocks are as long as they would be.
const clock = { us: 0, monotonicUs: () => clock.us, wallMs: () => START_MS + Math.floor(clock.us / 1000) };
const store = await openLevelStore({ directory, clock, logger: SILENT });
let most = 0;
for (let second = 0; second < Number(seconds); second += 1) {
  const observation = data[second % data.length];
  clock.us = 60e6 + second * 1e6;
  if (observation) await store.append({ ...observation, monotonicUs: clock.us });
  if (second % 100 === 0) most = Math.max(most, process.memoryUsage.rss());
}
process.stdout.write(`${(most - before) / 2 ** 20}\n`);
await store[Symbol.asyncDispose]();
