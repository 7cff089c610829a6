import assert from 'node:assert/strict';
import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { perigee } from '@perigee/proto';
import { loadConfig } from '../../src/config/index.js';
import { parseRunId, type Recording, type RunId, type Sample, type Unit } from '../../src/domain/index.js';
import { openMetricsRadio } from '../../src/gateway/metrics-radio.js';
import { recordingStatus } from '../../src/gateway/recording.js';
import { openPhone, type GatewayConnection, type Phone, type Sighting } from '../../src/nearby/index.js';
import { openLevelStore } from '../../src/store/index.js';
import { saidOf } from '../radio/support-gateway.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('metrics-radio');
/** As long as a machine can have been up; and any wall clock. */
const HOST_UPTIME_US = 40 * 86_400 * 1e6;
const WALL_MS = 1e12;
const RUN = parseRunId('0123456789abcdef');
const EARLIER_RUN = parseRunId('fedcba9876543210');

const sample = (name: string, unit: Unit, value: number): Sample => ({
  series: { name, labels: { image: 'hostsense' }, unit },
  value,
});
const BUSY = 'CPU busy';
const BOOT = 'Boot time';
const TEMPERATURE = 'CPU temperature';

interface World extends AsyncDisposable {
  readonly phone: Phone;
  readonly connection: GatewayConnection;
  /** The runs that go on. */
  readonly active: { readonly id: RunId }[];
  passSeconds(seconds: number): void;
  report(runId: RunId | undefined, ...samples: readonly Sample[]): Promise<void>;
}

/** The gateway's own use of its radio, over a store that `before` has filled, and a phone that has connected. */
async function openWorld(
  before: readonly (readonly [RunId | undefined, Sample])[],
  runs: readonly RunId[],
  recording: Recording = { kind: 'whole' },
  settings: readonly (readonly [string, string])[] = [],
): Promise<World> {
  const active = runs.map((id) => ({ id }));
  let nowUs = HOST_UPTIME_US;
  const clock = { monotonicUs: () => nowUs, wallMs: () => WALL_MS };
  const directory = mkdtempSync(join(folder, 'store-'));
  const store = await openLevelStore({ directory, clock, logger: SILENT });
  const report: World['report'] = async (runId, ...samples) => {
    const time = { monotonicUs: nowUs, wallMs: WALL_MS };
    await store.append({ ...time, samples, ...(runId === undefined ? {} : { runId }) });
  };
  for (const [runId, said] of before) await report(runId, said);
  const overrides = [['radio.mode', 'virtual'], ['dataDirectory', directory], ...settings] as const;
  const config = loadConfig({ overrides, env: {} });
  const airSocket = join(directory, 'air.sock');
  const parts = { config, store, runner: { active }, airSocket, clock, logger: SILENT };
  const more = (): [] => [];
  const publicKey = new Uint8Array(32);
  const lost = recording.kind === 'stopped' ? 3 : 0;
  const told = recordingStatus({ recording: () => recording }, { lost });
  const radio = openMetricsRadio({ ...parts, publicKey, more, recording: () => told });
  radio.start();
  for (let tries = 0; tries < 500 && radio.status.state.kind !== 'advertising'; tries += 1) await sleep(10);
  const phone = await openPhone({ airSocket });
  const connection = await phone.connect(await phone.find());
  return {
    ...{ phone, connection, active, report },
    passSeconds: (seconds) => void (nowUs += seconds * 1e6),
    async [Symbol.asyncDispose]() {
      await phone[Symbol.asyncDispose]();
      await radio[Symbol.asyncDispose]();
      assert.equal(existsSync(airSocket), false);
      await store[Symbol.asyncDispose]();
    },
  };
}

/** What the phone reads of these, by name. */
async function shown(connection: GatewayConnection, ...names: readonly string[]): Promise<object> {
  const metrics = await connection.readMetrics();
  return Object.fromEntries(names.map((name) => [name, metrics.find((each) => each.name === name)?.value]));
}

describe('what phones are shown of the metrics', () => {
  it('is what the runs that go on have said, once or often', async () => {
    const before = [
      [RUN, sample('run_boot', 'milliseconds', 250)],
      [RUN, sample('cpu_busy_mean', 'percent', 12)],
      [EARLIER_RUN, sample('cpu_temperature_mean', 'celsius', 48)],
    ] as const;
    await using world = await openWorld(before, [RUN]);
    world.passSeconds(3600);
    const now = await shown(world.connection, BOOT, BUSY, TEMPERATURE);
    assert.deepEqual(now, { [BOOT]: 0.25, [BUSY]: 12, [TEMPERATURE]: undefined });
  });

  it('becomes unknown when the run ends, and phones that subscribed are told', async () => {
    const before = [
      [RUN, sample('run_boot', 'milliseconds', 250)],
      [RUN, sample('cpu_busy_mean', 'percent', 12)],
    ] as const;
    await using world = await openWorld(before, [RUN]);
    const heard: (readonly [string, number | undefined])[] = [];
    const listening = (async () => {
      for await (const { name, value } of world.connection.values()) heard.push([name, value]);
    })();
    // The cost is the last of the featured metrics, and so is its subscription: once it is heard, all stand.
    for (let value = 13; heard.length === 0 && value < 100; value += 1) {
      await world.report(RUN, sample('run_cpu', 'percent', value));
      await sleep(100);
    }
    world.active.length = 0;
    const isTold = (name: string): boolean =>
      heard.some(([said, value]) => said === name && value === undefined);
    for (let tries = 0; tries < 100 && !(isTold(BUSY) && isTold(BOOT)); tries += 1) await sleep(50);
    assert.ok(isTold(BUSY) && isTold(BOOT), JSON.stringify(heard));
    assert.deepEqual(await shown(world.connection, BUSY), { [BUSY]: undefined });
    await world.connection.disconnect();
    await listening;
  });

  it('is nothing of what an earlier gateway stored, nor of what belongs to no run', async () => {
    const before = [
      [EARLIER_RUN, sample('cpu_temperature_mean', 'celsius', 48)],
      [undefined, sample('cpu_busy_mean', 'percent', 12)],
    ] as const;
    await using world = await openWorld(before, []);
    const now = await shown(world.connection, TEMPERATURE, BUSY);
    assert.deepEqual(now, { [TEMPERATURE]: undefined, [BUSY]: undefined });
    const { 'packet id': packetId, ...said } = saidOf(await world.phone.find());
    assert.ok(packetId !== undefined);
    assert.deepEqual(said, { problem: false, running: false, count: 0 });
  });

  it('is a temperature with no connection too while a run measures it, and whether there is a problem', async () => {
    await using world = await openWorld([[RUN, sample('cpu_temperature_mean', 'celsius', 48.2)]], [RUN], {
      kind: 'waiting',
      reason: 'disk-full',
    });
    const { 'packet id': packetId, ...said } = saidOf(await world.phone.find());
    assert.ok(packetId !== undefined);
    assert.deepEqual(said, { temperature: 48.2, problem: true, running: true, count: 1 });
  });

  it('says in words what is not recorded, and why', async () => {
    const infoOf = async (recording?: Recording): Promise<readonly unknown[]> => {
      await using world = await openWorld([], [], recording);
      const bytes = await world.connection.readInfo();
      assert.ok(bytes.length <= 512);
      const info = perigee.v1.GatewayInfo.decode(bytes);
      return [info.recording, info.recordingText, info.lostObservations];
    };
    assert.deepEqual(await infoOf(), ['whole', 'everything is kept', 0]);
    assert.deepEqual(await infoOf({ kind: 'stopped', reason: 'disk-full' }), [
      'stopped',
      'samples are lost: the disk was full',
      3,
    ]);
  });

  it('says how long the gateway has been up, whatever the uptime of its host', async () => {
    await using world = await openWorld([], []);
    world.passSeconds(7.9);
    const info = perigee.v1.GatewayInfo.decode(await world.connection.readInfo());
    assert.equal(info.uptimeSeconds, 7);
    assert.equal(await world.connection.readTime(), undefined, 'its clock is of another century');
  });

  it('is sealed for whoever has the key, and for nobody else', async () => {
    const hex = '231d39c1d7cc1ab1aee224cd096db932';
    const before = [[RUN, sample('cpu_temperature_mean', 'celsius', 48.2)]] as const;
    await using world = await openWorld(before, [RUN], undefined, [['radio.bthomeKey', `"${hex}"`]]);
    const isSealed = ({ bthome }: Sighting): boolean => bthome !== undefined;
    const [found] = await world.phone.scan({ until: isSealed });
    assert.equal(found?.bthome?.kind, 'sealed');
    const keys = new Map([[found.address, new Uint8Array(Buffer.from(hex, 'hex'))]]);
    const [opened] = await world.phone.scan({ keys, until: isSealed });
    assert.ok(opened !== undefined);
    assert.deepEqual(saidOf(opened), { temperature: 48.2, problem: false, running: true, count: 1 });
  });

  it('is nothing at all for everyone, where it is not public', async () => {
    const before = [[RUN, sample('cpu_temperature_mean', 'celsius', 48.2)]] as const;
    await using world = await openWorld(before, [RUN], undefined, [['radio.public', 'false']]);
    const found = await world.phone.find();
    assert.deepEqual([found.isGateway, found.bthome], [true, undefined]);
    assert.deepEqual(await world.connection.readMetrics(), []);
    await assert.rejects(world.connection.live().next(), { code: 'access-refused', cure: /enrol/ });
    const info = perigee.v1.GatewayInfo.decode(await world.connection.readInfo());
    assert.deepEqual([info.protocol, info.runsActive, info.epoch, info.publicKey.length], [1, 0, 0, 32]);
  });
});
