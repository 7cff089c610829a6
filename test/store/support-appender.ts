/**
 * A process to be killed: appends to the store of a directory without end, and prints the sequence of each observation
 * that was acknowledged.
 */
import { writeSync } from 'node:fs';
import { openLevelStore } from '../../src/store/index.js';
import { SILENT } from '../support/loggers.js';
import { CLOCK, values } from './support-store.js';

const STDOUT = 1;
/** What lasts longer is a test that forgot to kill it. */
const APPENDS_MAX = 1_000_000;

const [, , directory = '', durability] = process.argv;
const store = await openLevelStore({
  ...{ directory, clock: CLOCK, logger: SILENT },
  durability: durability === 'frugal' ? 'frugal' : 'normal',
});
for (let at = 1; at <= APPENDS_MAX; at += 1) {
  const { sequence } = await store.append(values(at, at === 1 ? { early: 1, steady: 1 } : { steady: at }));
  writeSync(STDOUT, `${sequence}\n`);
}
