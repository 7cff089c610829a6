import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../src/domain/index.js';

export const CLOCK: Clock = {
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
  wallMs: () => Date.now(),
};

/** Writes files by their paths under `root`. */
export function plant(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

export const MEMINFO = `MemTotal:        3884356 kB
MemFree:          287416 kB
MemAvailable:    3254104 kB
Buffers:          131072 kB
`;

export const STAT = `cpu  400 20 180 8000 300 0 60 40 10 5
cpu0 100 5 45 2000 75 0 15 10 0 0
intr 114930548 113199788 3 0
`;

export const PROC = { meminfo: MEMINFO, stat: STAT, loadavg: '0.20 0.18 0.12 1/80 11206\n' };

/** What a Raspberry Pi 4 shows. */
export const PI_SYS = {
  'class/thermal/thermal_zone0/type': 'cpu-thermal\n',
  'class/thermal/thermal_zone0/temp': '48199\n',
  'class/hwmon/hwmon0/name': 'cpu_thermal\n',
  'class/hwmon/hwmon0/temp1_input': '48199\n',
};

/** What a laptop shows: many thermometers, and the processor's is neither the first nor in a lower number's place. */
export const PC_SYS = {
  'class/thermal/thermal_zone0/type': 'acpitz\n',
  'class/thermal/thermal_zone0/temp': '27800\n',
  'class/thermal/thermal_zone2/type': 'iwlwifi_1\n',
  'class/thermal/thermal_zone2/temp': '39000\n',
  'class/thermal/thermal_zone10/type': 'x86_pkg_temp\n',
  'class/thermal/thermal_zone10/temp': '61000\n',
  'class/hwmon/hwmon3/name': 'nvme\n',
  'class/hwmon/hwmon3/temp1_input': '35850\n',
};
