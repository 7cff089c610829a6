import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Air } from '../../src/air/index.js';
import { BLENO_DRIVERS, buildAdvertisement, createRadio } from '../../src/radio/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

const ADVERTISEMENT = buildAdvertisement('Perigee');
/** Far more than a start over the virtual radio takes. */
const MAX_TURNS = 500;

describe('a radio that is stopped while it starts', () => {
  for (const driver of BLENO_DRIVERS) {
    it(`has closed everything when it has stopped, at whichever step it was (${driver})`, async () => {
      const folder = tempFolder('radio-stop');
      let turns = 0;
      // One turn of the event loop more each time, until the start comes first.
      while ((await stopAfter(turns, driver, join(folder, `${turns}.sock`))) === 'stopped') {
        turns += 1;
        assert.ok(turns < MAX_TURNS, 'a start ends');
      }
      assert.ok(turns > 1, 'a start has steps');
    });
  }
});

async function stopAfter(
  turns: number,
  driver: BlenoDriver,
  airSocket: string,
): Promise<'started' | 'stopped'> {
  const air = new Air();
  const radio = createRadio({ mode: 'virtual', driver, air, airSocket, name: 'x', logger: SILENT });
  const starting = radio.start([], ADVERTISEMENT).then(
    () => 'started' as const,
    () => 'stopped' as const,
  );
  for (let i = 0; i < turns; i += 1) await turn();
  await radio[Symbol.asyncDispose]();
  assert.equal(existsSync(airSocket), false, `the socket is gone after ${turns} turns`);
  assert.equal(air.size, 0, `nothing is on the air after ${turns} turns`);
  assert.deepEqual(radio.state, { kind: 'off' });
  return starting;
}
