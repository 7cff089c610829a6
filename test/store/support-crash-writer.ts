/**
 * A process to be killed: appends to the store of a directory as fast as it is taken, or slower, puts runs in between, and prints
 * each line `o SEQUENCE TIME` or `r RUN ended|going TIME` once the store has acknowledged it. What it appends follows
 * from the place that it gets, so that whoever reads it later knows what it must be.
 */
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../src/domain/index.js';
import { openLevelStore } from '../../src/store/index.js';
import { SILENT } from '../support/loggers.js';
import { random } from '../support/random.js';
import { crashRun, crashSamples } from './support-crash-data.js';

const STDOUT = 1;
/** What lasts longer is a test that forgot to kill it. */
const APPENDS_MAX = 1_000_000;
const TOGETHER_MAX = 8;
const RUN_EVERY = 40;

const [, , directory = '', seed = '1', powerCutSeconds = '1', durability] = process.argv;
const [stepUs = '1000000', pauseMs = '0'] = process.argv.slice(6);
const chance = random(Number(seed));
let us = 1e6;
const clock: Clock = { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 + us / 1000 };

const store = await openLevelStore({
  ...{ directory, clock, logger: SILENT, powerCutSeconds: Number(powerCutSeconds) },
  durability: durability === 'frugal' ? 'frugal' : 'normal',
});

const say = (text: string): void => void writeSync(STDOUT, `${text} ${Date.now()}\n`);
say(`e ${store.epoch}`);
for (let sequence = 0; sequence < APPENDS_MAX;) {
  const together = 1 + Math.floor(chance() * TOGETHER_MAX);
  const appends = Array.from({ length: together }, async () => {
    sequence += 1;
    us += Number(stepUs);
    const samples = crashSamples(store.epoch, sequence);
    const place = await store.append({ monotonicUs: us, wallMs: clock.wallMs(), samples });
    say(`o ${place.sequence}`);
  });
  await Promise.all(appends);
  if (pauseMs !== '0') await setTimeout(Number(pauseMs));
  if (sequence % RUN_EVERY >= TOGETHER_MAX) continue;
  const going = crashRun(store.epoch, sequence, false);
  await store.put(going);
  say(`r ${going.id} going`);
  await store.put(crashRun(store.epoch, sequence, true));
  say(`r ${going.id} ended`);
}
