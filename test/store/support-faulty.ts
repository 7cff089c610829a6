/** A gateway's way into its store, on a disk that may fail: does what the lines of its standard input say, and answers. */
import { createInterface } from 'node:readline';
import { BEFORE_EVERYTHING, reasonOf } from '../../src/domain/index.js';
import { BLOCK_US } from '../../src/store/appender.js';
import { createRecorder, openLevelStore } from '../../src/store/index.js';
import { SILENT } from '../support/loggers.js';
import { random } from '../support/random.js';
import { collect, run, series } from './support-store.js';

const [, , directory = ''] = process.argv;
const chance = random(3);
const SERIES = Array.from({ length: 200 }, (_, index) => series(`m${index}`));
let us = 0;
const clock = { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 + Math.floor(us / 1000) };
const store = await openLevelStore({ directory, clock, logger: SILENT });

/** So many observations, and then a block is due. */
async function record(count: number): Promise<number> {
  const recorder = createRecorder(store, SILENT);
  for (let at = 0; at < count; at += 1) {
    const samples = SERIES.map((one) => ({ series: one, value: chance() }));
    recorder.record({ monotonicUs: us, wallMs: clock.wallMs(), samples });
    us += at === count - 1 ? BLOCK_US : 1e6;
  }
  await recorder[Symbol.asyncDispose]();
  return recorder.lost;
}

const commands: Readonly<Record<string, (count: number) => Promise<unknown>>> = {
  record,
  run: (id) => store.put(run(String(id), id)).then(() => 'kept', reasonOf),
  read: async () => (await collect(store.read(BEFORE_EVERYTHING, 1e6))).length,
  state: () => Promise.resolve(store.recording()),
  runs: async () => (await store.list(10)).map(({ requestedAtMs }) => requestedAtMs),
  losses: () =>
    Promise.resolve(
      store.losses(BEFORE_EVERYTHING).map(({ reason, what, count }) => ({ reason, what, count })),
    ),
  close: () => Promise.resolve(store[Symbol.asyncDispose]()),
};

for await (const line of createInterface(process.stdin)) {
  const [name = '', count = '0'] = line.split(' ');
  const answer = await commands[name]?.(Number(count));
  process.stdout.write(`${JSON.stringify(answer ?? null)}\n`);
  if (name === 'close') break;
}
