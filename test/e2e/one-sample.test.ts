import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openBackend } from 'perigee-backend';
import { BEFORE_EVERYTHING } from '../../src/domain/index.js';
import type { LatestSample, RunNews, Sample } from '../../src/domain/index.js';
import { airSocket, newRunId } from '../../src/platform/index.js';
import { openPhone, type MetricReading } from '../../src/nearby/index.js';
import { openLevelStore } from '../../src/store/index.js';
import { CLOCK, collect } from '../store/support-store.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

/** What the metric's presentation format leaves of a value of this size, in bytes. */
const PRESENTATION_STEP = 1000;
const MEAN = 'memory_available_mean';
/** More observations than some seconds bring. */
const ALL = 10_000;

/** The host's own words, read without any code of ours. */
function memoryBytes(field: 'MemTotal' | 'MemAvailable'): number {
  return (
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]) * 1024
  );
}

function valueOf(samples: readonly Sample[], name: string): number {
  return (
    samples.find(({ series }) => series.name === name)?.value ?? assert.fail(`${name} is among the samples`)
  );
}

/** What one series is on the disk, in order, read by a store that has seen nothing of the gateway but its folder. */
async function rowsOnDisk(directory: string, name: string): Promise<readonly Row[]> {
  // A copy, so that the gateway finds its store as it left it.
  const copy = tempFolder('copy');
  cpSync(join(directory, 'store'), join(copy, 'store'), { recursive: true });
  await using store = await openLevelStore({ directory: copy, clock: CLOCK, logger: SILENT });
  const stored = await collect(store.read(BEFORE_EVERYTHING, ALL));
  return stored.flatMap(({ position, samples }) =>
    samples.flatMap(({ series, value }) => (series.name === name ? [{ ...position, value }] : [])),
  );
}

async function nextReport(news: AsyncIterable<RunNews>): Promise<Extract<RunNews, { kind: 'report' }>> {
  for await (const item of news) {
    if (item.kind === 'report' && item.samples.some(({ series }) => series.name === MEAN)) return item;
  }
  return assert.fail('the gateway ended first');
}

describe('one sample', () => {
  it('goes from /proc through the guest, the store, a restart and the radio to the backend, unchanged', async () => {
    const backend = await openBackend({ directory: tempFolder('backend'), host: '127.0.0.1', port: 0 });
    after(() => backend[Symbol.asyncDispose]());
    const settings = {
      ...{ 'radio.mode': 'virtual', 'web.port': '0', keepRunning: '[]' },
      ...{ 'sync.url': backend.url, 'sync.intervalMs': '1000' },
    };
    await using gateway = await startGatewayProcess(settings);

    // The phone listens all the while: the sample is somewhere in what it hears.
    const phone = await openPhone({ airSocket: airSocket(gateway.directory) });
    after(() => phone[Symbol.asyncDispose]());
    const connection = await phone.connect(await phone.find());
    const heard: MetricReading[] = [];
    const listening = (async () => {
      for await (const reading of connection.values()) heard.push(reading);
    })();

    // Into the guest and out of it: bounded by what the host itself says before and after.
    const before = memoryBytes('MemAvailable');
    const report = await nextReport(gateway.control.run({ id: newRunId(), image: 'hostsense' }));
    const value = valueOf(report.samples, MEAN);
    const bounds = [before, memoryBytes('MemAvailable')];
    const slack = 0.05 * memoryBytes('MemTotal'); // other programs come and go within the seconds between
    assert.ok(
      value > Math.min(...bounds) - slack && value < Math.max(...bounds) + slack,
      `${value} near ${bounds.join(', ')}`,
    );
    assert.equal(valueOf(report.samples, 'memory_total_mean'), memoryBytes('MemTotal'));
    const { stdout } = await perigee(['logs', report.run.id, '--data', gateway.directory]);
    assert.match(
      stdout,
      new RegExp(`^report 1 window_end_us=${report.windowEndUs} `, 'm'),
      'the guest says the same',
    );

    // Over the air: nothing but the rounding of the presentation format lies between.
    const phoneHasIt = (): boolean =>
      heard.some((r) => r.name.startsWith('Memory available') && isRounded(r.value, value));
    for (let tries = 0; tries < 100 && !phoneHasIt(); tries += 1)
      await new Promise((go) => setTimeout(go, 100));
    assert.ok(
      phoneHasIt(),
      `${value} among ${heard
        .filter((r) => r.name.startsWith('Memory available'))
        .map((r) => r.value)
        .join(', ')}`,
    );
    assert.equal(
      (await connection.readDeviceInformation()).serial,
      (await gateway.control.status()).gatewayId,
    );
    await connection.disconnect();
    await listening;

    // At the backend: the same number in the same place of the order.
    const { gatewayId, epoch } = await gateway.control.status();
    const stored = `${backend.url}/v1/gateways/${gatewayId}/observations?series=${MEAN}&limit=1000`;
    const atBackend = await eventuallyFind(stored, value);
    assert.equal(atBackend.epoch, epoch);

    // On the disk, once the gateway has ended; and after a restart, by the gateway.
    process.kill(gateway.processId, 'SIGTERM');
    assert.equal(await gateway.exited, 0);
    const kept = await rowsOnDisk(gateway.directory, MEAN);
    assert.deepEqual(
      kept.find((row) => row.value === value),
      { epoch, sequence: atBackend.sequence, value },
    );
    const latest = await latestAfterRestart(gateway.directory);
    assert.equal(valueOf(latest, MEAN), kept.at(-1)?.value, 'the newest value, to the last bit');
  });
});

function isRounded(shown: number | undefined, value: number): boolean {
  return shown !== undefined && Math.abs(shown - value) <= PRESENTATION_STEP;
}

async function latestAfterRestart(directory: string): Promise<readonly LatestSample[]> {
  const settings = { keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' };
  await using gateway = await startGatewayProcess(settings, directory);
  return await gateway.control.latest();
}

interface Row {
  readonly epoch: number;
  readonly sequence: number;
  readonly value: number;
}

async function eventuallyFind(url: string, value: number): Promise<Row> {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(url);
    // 404 until the first batch has arrived.
    const { samples } = response.ok
      ? ((await response.json()) as { samples: readonly Row[] })
      : { samples: [] };
    const found = samples.find((row) => row.value === value);
    if (found) return found;
    await new Promise((go) => setTimeout(go, 100));
  }
  return assert.fail(`the backend does not hold ${value}`);
}
