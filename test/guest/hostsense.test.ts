import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { before, describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { buildImages } from './support-build.js';
import { Guest, type Arch, type HostFrameShape, type Report } from './support-qemu.js';
import {
  FEED,
  KINDS,
  SENSORS,
  WINDOW_MS,
  assertStatistics,
  makeSenses,
  statisticsOf,
  windowsOf,
} from './support-sense.js';
import { bitsOf } from './support-values.js';

const { Unit } = perigee.v1;
const ARCHES: readonly Arch[] = ['x86_64', 'arm64', 'armv7'];

function declaredNames(guest: Guest): Map<number, string> {
  return new Map(
    guest.frames.flatMap(({ declare }) => (declare ? [[declare.metric ?? 0, declare.name ?? '']] : [])),
  );
}

function valuesByName(guest: Guest, report: Report): Map<string, number> {
  const names = declaredNames(guest);
  return new Map(report.values?.map(({ metric, value }) => [names.get(metric ?? 0) ?? '', value ?? 0]));
}

async function startFed(arch: Arch, feed: HostFrameShape = FEED): Promise<Guest> {
  const guest = new Guest(arch, 'hostsense');
  guest.send(feed);
  await guest.until(() => /^feed .*\n/.test(guest.console), 'its feed line');
  return guest;
}

before(() => buildImages());

const reported = new Map<Arch, string>();

for (const arch of ARCHES) {
  describe(`hostsense on ${arch}`, () => {
    it('says hello at once, and nothing else before it is fed', async () => {
      await using guest = new Guest(arch, 'hostsense');
      await guest.until(() => guest.frames.length === 1, 'its hello');
      assert.deepEqual({ ...guest.frames[0]?.hello }, { protocol: 1, image: 'hostsense', version: '0.1.0' });
      guest.send({ stop: {} });
      await guest.ended();
      assert.equal(guest.frames.length, 2);
      assert.equal(guest.frames[1]?.body, 'done');
    });

    it('declares five metrics a sensor, the rate with the unit of a rate', async () => {
      await using guest = await startFed(arch);
      const declared = guest.frames.flatMap(({ declare }) => (declare ? [declare] : []));
      const rates = [
        Unit.UNIT_BYTES_PER_SECOND,
        Unit.UNIT_PERCENT_PER_SECOND,
        Unit.UNIT_CELSIUS_PER_SECOND,
        Unit.UNIT_PER_SECOND,
      ];
      const expected = SENSORS.flatMap(({ name, unit }, index) =>
        KINDS.map((kind, place) => ({
          metric: index * KINDS.length + place + 1,
          name: `${name}_${kind}`,
          unit: kind === 'rate' ? rates[index] : unit,
        })),
      );
      assert.deepEqual(
        declared.map(({ metric, name, unit }) => ({ metric, name, unit: unit ?? 0 })),
        expected,
      );
      assert.equal(guest.console, `feed sensors=${SENSORS.length} window_ms=${WINDOW_MS}\n`);
    });

    it('reports for every window the statistics of its readings', async () => {
      await using guest = await startFed(arch);
      const senses = makeSenses(64);
      const windows = windowsOf(senses);
      for (const sense of senses) guest.send({ sense: { ...sense, readings: [...sense.readings] } });
      guest.send({ stop: {} });
      await guest.ended();
      assert.equal(windows.length, 6);
      assert.equal(guest.reports.length, windows.length);
      for (const [index, report] of guest.reports.entries()) {
        const window = windows[index] ?? [];
        assert.equal(report.windowEndUs, window.at(-1)?.monotonicUs);
        const values = valuesByName(guest, report);
        assert.equal(values.size, SENSORS.length * KINDS.length);
        for (const { sensor, name } of SENSORS) assertStatistics(values, name, statisticsOf(window, sensor));
      }
      const bits = guest.reports.map(({ values }) => values?.map(({ value }) => bitsOf(value ?? 0)));
      reported.set(arch, JSON.stringify(bits));
    });

    it('prints the first three reports and then every sixtieth', async () => {
      await using guest = await startFed(arch, { feed: { windowMs: 10, sensors: SENSORS.slice(0, 1) } });
      for (let n = 0; n <= 125; n++)
        guest.send({ sense: { monotonicUs: n * 10_000, readings: [{ sensor: 3, value: n }] } });
      guest.send({ stop: {} });
      await guest.ended();
      const lines = guest.console.split('\n').slice(1, -1);
      assert.deepEqual(
        lines.map((line) => line.split(' ')[1]),
        ['1', '2', '3', '60', '120'],
      );
      assert.equal(lines[0], 'report 1 window_end_us=10000 samples=2');
    });

    it('leaves out a sensor that had no reading, a rate of one instant, and what is no number', async () => {
      await using guest = await startFed(arch);
      guest.send({
        sense: {
          monotonicUs: 5_000_000,
          readings: [
            { sensor: 3, value: 1 },
            { sensor: 7, value: NaN },
          ],
        },
      });
      guest.send({
        sense: {
          monotonicUs: 6_000_000,
          readings: [
            { sensor: 9, value: 40 },
            { sensor: 7, value: Infinity },
            { sensor: 99, value: 1 },
          ],
        },
      });
      await guest.until(() => guest.reports.length === 1, 'its report');
      const values = valuesByName(guest, guest.reports[0] ?? {});
      const single = (name: string, value: number): [string, number][] => [
        [`${name}_mean`, value],
        [`${name}_min`, value],
        [`${name}_max`, value],
        [`${name}_stddev`, 0],
      ];
      assert.deepEqual([...values], [...single('memory_available', 1), ...single('cpu_temperature', 40)]);
    });

    it('starts a new window after a gap, and reports nothing for the gap', async () => {
      await using guest = await startFed(arch);
      for (const second of [1, 1.5, 60, 60.5, 61, 61.5]) {
        guest.send({ sense: { monotonicUs: second * 1e6, readings: [{ sensor: 1, value: second }] } });
      }
      guest.send({ stop: {} });
      await guest.ended();
      assert.deepEqual(
        guest.reports.map(({ windowEndUs }) => windowEndUs),
        [60e6, 61e6],
      );
      assert.equal(valuesByName(guest, guest.reports[1] ?? {}).get('load_1m_min'), 60.5);
    });

    it('takes sixteen sensors with the longest names', async () => {
      const sensors = Array.from({ length: 16 }, (_, index) => ({
        sensor: index + 1,
        name: `s${index}_`.padEnd(32, 'x'),
        unit: Unit.UNIT_COUNT,
      }));
      await using guest = await startFed(arch, { feed: { windowMs: 1000, sensors } });
      for (const monotonicUs of [1e6, 2e6]) {
        guest.send({
          sense: {
            monotonicUs,
            readings: sensors.map(({ sensor }) => ({ sensor, value: monotonicUs * sensor })),
          },
        });
      }
      await guest.until(() => guest.reports.length === 1, 'its report');
      const values = valuesByName(guest, guest.reports[0] ?? {});
      assert.equal(values.size, 16 * KINDS.length);
      for (const { sensor, name } of sensors) assert.equal(values.get(`${name}_rate`), 1e6 * sensor);
    });

    it('loses no report when the host reads late', async () => {
      await using guest = await startFed(arch, { feed: { windowMs: 0, sensors: SENSORS } });
      guest.pauseReading();
      const [first] = makeSenses(1);
      const count = 4000; // some 900 kB of reports: more than the socket and the guest's buffers hold
      for (let n = 1; n <= count; n++)
        guest.send({ sense: { monotonicUs: n, readings: [...(first?.readings ?? [])] } });
      await sleep(500);
      guest.resumeReading();
      guest.send({ stop: {} });
      assert.equal((await guest.ended()).status, 0);
      assert.deepEqual(
        guest.reports.map(({ windowEndUs }) => windowEndUs),
        Array.from({ length: count }, (_, n) => n + 1),
      );
      assert.equal(guest.frames.at(-1)?.body, 'done');
    });

    it('leaves the processor alone while it has nothing to do', async () => {
      await using guest = await startFed(arch);
      await sleep(200);
      const before = processorMs(guest.pid);
      await sleep(1000);
      const used = processorMs(guest.pid) - before;
      assert.ok(used < 200, `${used} ms of processor time in a second`);
    });

    it('powers off when the host has gone', async () => {
      await using guest = await startFed(arch);
      guest.hangUp();
      assert.equal((await guest.ended()).reason, arch === 'x86_64' ? 'guest-reset' : 'guest-shutdown');
    });

    it('panics at readings before a feed, at a second feed, and at a clock that goes back', async () => {
      await using early = new Guest(arch, 'hostsense');
      early.send({ sense: { monotonicUs: 1 } });
      await early.ended();
      assert.match(early.console, /panic: the host sent readings before a feed\n$/);
      await using twice = await startFed(arch);
      twice.send(FEED);
      await twice.ended();
      assert.match(twice.console, /panic: the host sent a second feed\n$/);
      await using back = await startFed(arch);
      back.send({ sense: { monotonicUs: 2 } });
      back.send({ sense: { monotonicUs: 1 } });
      await back.ended();
      assert.match(back.console, /panic: the host's clock went back\n$/);
      for (const guest of [early, twice, back]) assert.notEqual(guest.frames.at(-1)?.body, 'done');
    });

    it('panics at a feed with more sensors than it can hold', async () => {
      await using guest = new Guest(arch, 'hostsense');
      const sensors = Array.from({ length: 17 }, (_, index) => ({ sensor: index + 1, name: `s${index}` }));
      guest.send({ feed: { windowMs: 1000, sensors } });
      await guest.ended();
      assert.match(guest.console, /panic: a feed has more than 16 sensors\n$/);
    });
  });
}

describe('hostsense', () => {
  it('computes the same bits on every architecture', () => {
    assert.equal(reported.size, ARCHES.length);
    assert.equal(new Set(reported.values()).size, 1);
  });
});

/** User and system time of a process. Linux counts it in hundredths of a second. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
