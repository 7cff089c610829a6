import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SENSORS } from '../../src/domain/index.js';
import { SENSOR_RATE_MAX_HZ, createSensorHub } from '../../src/sensors/index.js';
import type { SensorHub, SensorReading, SensorRequest } from '../../src/sensors/index.js';
import { listening } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';
import { CLOCK, MEMINFO, PC_SYS, PI_SYS, PROC, plant } from './support-trees.js';

const folder = tempFolder('sensors');

interface Tree {
  readonly hub: SensorHub;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly said: readonly string[];
}

/** A machine that shows these files. */
function machine(proc: Readonly<Record<string, string>>, sys: Readonly<Record<string, string>>): Tree {
  const root = mkdtempSync(join(folder, 'machine-'));
  const [procRoot, sysRoot] = [join(root, 'proc'), join(root, 'sys')];
  plant(procRoot, proc);
  plant(sysRoot, sys);
  const { logger, said } = listening();
  return { hub: createSensorHub({ clock: CLOCK, logger, procRoot, sysRoot }), procRoot, sysRoot, said };
}

const realMachine = (): SensorHub => createSensorHub({ clock: CLOCK, logger: listening().logger });

/** Listens until `enough` says so. */
function listen(
  hub: SensorHub,
  request: SensorRequest,
  enough: (readings: readonly SensorReading[]) => boolean,
): Promise<readonly SensorReading[]> {
  return new Promise((resolve) => {
    const readings: SensorReading[] = [];
    const subscription = hub.subscribe(request, (reading) => {
      readings.push(reading);
      if (!enough(readings)) return;
      subscription[Symbol.dispose]();
      resolve(readings);
    });
  });
}

async function firstValues(hub: SensorHub): Promise<Readonly<Record<string, number>>> {
  const [reading] = await listen(hub, { sensors: SENSORS, rateHz: 50 }, () => true);
  return Object.fromEntries((reading?.values ?? []).map(({ sensor, value }) => [sensor, value]));
}

async function temperatureOf(sys: Readonly<Record<string, string>>): Promise<number | undefined> {
  const { cpu_temperature: celsius } = await firstValues(machine(PROC, sys).hub);
  return celsius;
}

describe('what a machine can sense', () => {
  it('is everything on a Pi', async () => {
    const { hub } = machine(PROC, PI_SYS);
    assert.deepEqual(
      await hub.available(),
      SENSORS.map((sensor) => ({ sensor, present: true })),
    );
    assert.deepEqual(await firstValues(hub), {
      memory_total: 3_884_356 * 1024,
      memory_available: 3_254_104 * 1024,
      load_1m: 0.2,
      cpu_temperature: 48.199,
    });
  });

  it('is the temperature of the processor and of nothing else', async () => {
    assert.equal(await temperatureOf(PC_SYS), 61);
    const hwmonOnly = {
      'class/hwmon/hwmon0/name': 'nvme\n',
      'class/hwmon/hwmon0/temp1_input': '35000\n',
      'class/hwmon/hwmon1/name': 'k10temp\n',
      'class/hwmon/hwmon1/temp1_input': '55125\n',
    };
    assert.equal(await temperatureOf(hwmonOnly), 55.125);
    const firmwareOnly = {
      'class/thermal/thermal_zone0/type': 'acpitz',
      'class/thermal/thermal_zone0/temp': '30000',
    };
    assert.equal(await temperatureOf(firmwareOnly), 30);
  });

  it('is the second thermometer where the first is switched off', async () => {
    const off = {
      ...PI_SYS,
      'class/thermal/thermal_zone0/temp': '-273150\n',
      'class/hwmon/hwmon0/temp1_input': '47000',
    };
    assert.equal(await temperatureOf(off), 47);
  });

  it('is no temperature without such a thermometer, with the reason and what there is instead', async () => {
    const others = {
      'class/thermal/thermal_zone0/type': 'iwlwifi_1\n',
      'class/thermal/thermal_zone0/temp': '39000\n',
    };
    for (const [sys, seen] of [
      [others, /shows iwlwifi_1/],
      [{}, /none at all/],
    ] as const) {
      const { hub, said } = machine(PROC, sys);
      const temperature = (await hub.available()).find(({ sensor }) => sensor === 'cpu_temperature');
      assert.equal(temperature?.present, false);
      assert.match(temperature.reason ?? '', seen);
      assert.deepEqual(Object.keys(await firstValues(hub)), ['memory_total', 'memory_available', 'load_1m']);
      assert.equal(said.filter((line) => line.includes('cpu_temperature')).length, 1);
    }
  });

  it('is nothing at all where there is no procfs, and each absence has a reason', async () => {
    const { hub } = machine({}, {});
    const available = await hub.available();
    assert.deepEqual(
      available.map(({ sensor, present }) => [sensor, present]),
      SENSORS.map((sensor) => [sensor, false]),
    );
    assert.ok(available.every(({ reason }) => reason !== undefined && reason.length > 10));
  });

  it('lacks what the kernel is too old to say', async () => {
    const { hub } = machine({ ...PROC, meminfo: MEMINFO.replace('MemAvailable', 'MemOther') }, {});
    const memory = (await hub.available()).filter(({ sensor }) => sensor.startsWith('memory'));
    assert.deepEqual(
      memory.map(({ present }) => present),
      [true, false],
    );
  });
});

describe('the sensors of this machine', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  it('say as much memory as free(1) or an independent reading of the kernel', async () => {
    const kilobytes = execFileSync('awk', ['/^MemTotal:/ { print $2 }', '/proc/meminfo'], {
      encoding: 'utf8',
    });
    const { memory_total: total, memory_available: available = 0 } = await firstValues(realMachine());
    assert.equal(total, Number(kilobytes) * 1024);
    assert.ok(available > 0 && available < total);
  });

  it('say how busy the processors are from the second reading on, and the same to everybody', async () => {
    const hub = realMachine();
    const request: SensorRequest = { sensors: ['cpu_busy'], rateHz: 20 };
    const three = (readings: readonly SensorReading[]): boolean => readings.length === 3;
    const [one, other] = await Promise.all([listen(hub, request, three), listen(hub, request, three)]);
    // Had the second listener caused a reading of its own, it would have seen no tick pass.
    assert.deepEqual(one, other);
    for (const { values } of one) assert.ok(values.every(({ value }) => value >= 0 && value <= 100));
  });
});

describe('listening', () => {
  it('gives each listener what it asked for, with one time for one tick', async () => {
    const { hub } = machine(PROC, PI_SYS);
    const seen = new Map<number, string[]>();
    const note = (reading: SensorReading): void => {
      const names = reading.values.map(({ sensor }) => sensor).join();
      seen.set(reading.monotonicUs, [...(seen.get(reading.monotonicUs) ?? []), names]);
    };
    const subscriptions = [
      hub.subscribe({ sensors: ['load_1m'], rateHz: 50 }, note),
      hub.subscribe({ sensors: ['memory_total', 'cpu_temperature'], rateHz: 50 }, note),
    ];
    await listen(hub, { sensors: ['load_1m'], rateHz: 50 }, (readings) => readings.length === 5);
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
    assert.ok(seen.size >= 5);
    for (const names of [...seen.values()].slice(0, 4)) {
      assert.deepEqual(names, ['load_1m', 'memory_total,cpu_temperature']);
    }
  });

  it('goes on at the pace of those who stay when the fastest leaves', async () => {
    const { hub } = machine(PROC, {});
    const slow = listen(hub, { sensors: ['load_1m'], rateHz: 20 }, (readings) => readings.length === 4);
    await listen(hub, { sensors: ['load_1m'], rateHz: 100 }, (readings) => readings.length === 3);
    const times = (await slow).map(({ monotonicUs }) => monotonicUs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
  });

  it(
    'leaves no timer and no file open behind',
    { skip: process.platform !== 'linux' && 'needs /proc' },
    async () => {
      const timers = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const files = (): number => readdirSync('/proc/self/fd').length;
      const before = [timers(), files()];
      const { hub } = machine(PROC, PI_SYS);
      const subscription = hub.subscribe({ sensors: SENSORS, rateHz: 50 }, () => undefined);
      await listen(hub, { sensors: SENSORS, rateHz: 50 }, (readings) => readings.length === 2);
      assert.deepEqual([timers(), files()], [(before[0] ?? 0) + 1, (before[1] ?? 0) + 4]);
      subscription[Symbol.dispose]();
      subscription[Symbol.dispose]();
      assert.deepEqual([timers(), files()], before);
    },
  );

  it('ends at once for a listener that is put off during a tick', async () => {
    const { hub } = machine(PROC, {});
    let late = 0;
    await new Promise<void>((resolve) => {
      const first = hub.subscribe({ sensors: ['load_1m'], rateHz: 50 }, () => {
        first[Symbol.dispose]();
        second[Symbol.dispose]();
        setImmediate(resolve);
      });
      const second = hub.subscribe({ sensors: ['load_1m'], rateHz: 50 }, () => (late += 1));
    });
    assert.equal(late, 0);
  });

  it('is refused at a rate of zero, below zero, and above the limit', () => {
    const { hub } = machine(PROC, {});
    for (const rateHz of [0, -1, NaN, SENSOR_RATE_MAX_HZ + 0.1]) {
      assert.throws(() => hub.subscribe({ sensors: ['load_1m'], rateHz }, () => undefined), /sensor rate/);
    }
  });
});

describe('a source that fails while it is listened to', () => {
  it('is complained of once and skipped, and the others go on', async () => {
    const { hub, procRoot, said } = machine({ stat: PROC.stat, loadavg: PROC.loadavg }, {});
    mkdirSync(join(procRoot, 'meminfo'));
    const readings = await listen(
      hub,
      { sensors: ['memory_total', 'load_1m'], rateHz: 100 },
      ({ length }) => length === 5,
    );
    assert.ok(readings.every(({ values }) => values.length === 1 && values[0]?.sensor === 'load_1m'));
    assert.equal(said.filter((line) => line.includes('meminfo')).length, 1);
  });

  it('is heard again when it says something that can be read', async () => {
    const { hub, procRoot } = machine(PROC, {});
    const file = join(procRoot, 'loadavg');
    const counts: number[] = [];
    await listen(hub, { sensors: ['load_1m', 'memory_total'], rateHz: 100 }, (readings) => {
      counts.push(readings.at(-1)?.values.length ?? 0);
      if (readings.length === 2) writeFileSync(file, 'noise');
      if (readings.length === 4) writeFileSync(file, '0.50 0.1 0.1 1/1 1\n');
      return readings.length === 6;
    });
    assert.deepEqual(counts, [2, 2, 1, 1, 2, 2]);
    rmSync(file);
  });
});
