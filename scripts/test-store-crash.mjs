// Kills the store's process, and cuts its power, at random times under load, and checks each time what docs/storage.md
// promises: `node scripts/test-store-crash.mjs [kills] [power cuts] [seed]`, by default 40, 15 and 1. The same seed kills
// after the same times; a failure names it. Power cuts need root, a loop device and mkfs.ext4; without them they are left
// out, and it says so. Needs a build. Ends with 0 when every promise was kept.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [kills = 40, cuts = 15, firstSeed = 1] = process.argv.slice(2).map(Number);
/** On one directory, so that later ones meet what earlier ones left. */
const KILLS_TOGETHER = 5;
const LASTS_MS = 1500;
/** Of blocks and roll-ups that come fast, of a head log that fills, and of one in which everything stays. */
const LOADS = [
  { stepUs: 1e6, pauseMs: 0 },
  { stepUs: 1e3, pauseMs: 0 },
  { stepUs: 1e3, pauseMs: 5 },
];

const { killRounds, mountingFails, powerCutRound } = await import('../dist/test/store/support-crash.js');
const folder = mkdtempSync(join(tmpdir(), 'perigee-crash-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

let total = 0;
for (let done = 0; done < kills; done += KILLS_TOGETHER) {
  const seed = firstSeed + done;
  for (const durability of ['normal', 'frugal']) {
    const directory = mkdtempSync(join(folder, 'data-'));
    const options = { seed, durability, powerCutSeconds: seed % 2 === 0 ? 0.05 : 1, lastsMs: LASTS_MS };
    const acknowledged = await named(`kills, seed ${seed}, ${durability}`, () =>
      killRounds(directory, KILLS_TOGETHER, options),
    );
    total += acknowledged;
    console.log(
      `${KILLS_TOGETHER} kills, seed ${seed}, ${durability}: ${acknowledged} observations acknowledged, 0 lost`,
    );
    rmSync(directory, { recursive: true });
  }
}

const reason = mountingFails(folder);
if (reason !== false && cuts > 0) console.log(`no power is cut: ${reason}`);
else
  for (let done = 0; done < cuts; done += 1) {
    const seed = firstSeed + done;
    const powerCutSeconds = seed % 2 === 0 ? 0.5 : 1;
    const { stepUs, pauseMs } = LOADS[seed % LOADS.length];
    const { acknowledged, lost } = await named(`power cut, seed ${seed}`, () =>
      powerCutRound(folder, { seed, powerCutSeconds, stepUs, pauseMs, lastsMs: 4000 }),
    );
    total += acknowledged;
    console.log(
      `power cut, seed ${seed}: ${acknowledged} observations acknowledged, the newest ${lost} lost, within ${powerCutSeconds} s`,
    );
  }
console.log(`every promise was kept, over ${total} observations`);

async function named(name, work) {
  try {
    return await work();
  } catch (error) {
    console.error(`${name}: a promise was broken`);
    throw error;
  }
}
