import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseTemperature } from './parse.js';

export type Located = { readonly path: string } | { readonly reason: string };

interface Thermometer {
  readonly name: string;
  readonly path: string;
}

/** What drivers call the thermometer of a processor or its chip, best first: Pis say cpu-thermal, PCs x86_pkg_temp. */
const PROCESSOR_NAMES = [/cpu|x86_pkg/i, /soc|package/i, /core|cluster|k10temp|zenpower|imx_thermal/i];
/** The firmware's zone: near the processor on the boards that have nothing better. */
const FIRMWARE_NAMES = [/^acpitz$/];

/**
 * The thermometer of the processor under a sysfs tree: thermal zones first, then hwmon. A thermometer of something
 * else (a disk, a radio, a battery) is never taken for it.
 */
export function locateTemperature(sysRoot: string): Located {
  const zones = thermalZones(sysRoot);
  const chips = hwmonChips(sysRoot);
  const ranked = [
    ...bestFirst(zones, PROCESSOR_NAMES),
    ...bestFirst(chips, PROCESSOR_NAMES),
    ...bestFirst(zones, FIRMWARE_NAMES),
  ];
  const readable = ranked.find(({ path }) => parseTemperature(readText(path) ?? '') !== undefined);
  if (readable !== undefined) return { path: readable.path };
  const seen = [...new Set([...zones, ...chips].map(({ name }) => name))];
  const others = seen.length === 0 ? 'none at all' : seen.join(', ');
  return { reason: `this machine shows no working thermometer of its processor (it shows ${others})` };
}

function bestFirst(thermometers: readonly Thermometer[], names: readonly RegExp[]): readonly Thermometer[] {
  return names.flatMap((name) => thermometers.filter((thermometer) => name.test(thermometer.name)));
}

function thermalZones(sysRoot: string): readonly Thermometer[] {
  const folder = join(sysRoot, 'class', 'thermal');
  return numbered(folder, /^thermal_zone(\d+)$/).map((zone) => ({
    name: readText(join(folder, zone, 'type'))?.trim() ?? zone,
    path: join(folder, zone, 'temp'),
  }));
}

function hwmonChips(sysRoot: string): readonly Thermometer[] {
  const folder = join(sysRoot, 'class', 'hwmon');
  return numbered(folder, /^hwmon(\d+)$/).flatMap((chip) => {
    const name = readText(join(folder, chip, 'name'))?.trim() ?? chip;
    return numbered(join(folder, chip), /^temp(\d+)_input$/).map((file) => ({
      name,
      path: join(folder, chip, file),
    }));
  });
}

/** The entries of a folder that match, by their number; none when there is no such folder. */
function numbered(folder: string, pattern: RegExp): readonly string[] {
  const numberOf = (name: string): number => Number(pattern.exec(name)?.[1]);
  return entries(folder)
    .filter((name) => pattern.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b));
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A board without this class of devices has no such folder: nothing to list.
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // A thermometer that is switched off answers with an error: the next one is tried.
    return undefined;
  }
}
