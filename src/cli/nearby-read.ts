import { CURRENT_TIME_SERVICE, METRICS_SERVICE, type WallTime } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { harmless } from '../domain/index.js';
import { openPhone } from '../nearby/index.js';
import type { GatewayConnection, MetricReading } from '../nearby/index.js';
import { radioOf, type NearbyOptions } from './nearby-visit.js';
import { print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Of any device, which need not be a gateway. */
export interface DeviceOptions extends NearbyOptions {
  readonly device?: string;
}

/** What a device shows to everyone, with no key: its clock, and every number that describes itself. */
export async function read(env: Env, options: DeviceOptions): Promise<number> {
  await using phone = await openPhone(radioOf(env, options));
  await using connection = await phone.connect(await phone.find(meant(options)));
  const metrics = await connection.readMetrics();
  const hasClock = await connection.serves(CURRENT_TIME_SERVICE);
  const clock = hasClock ? await connection.readTime() : undefined;
  const recording = await recordingOf(connection);
  if (options.json) printJson({ clock, recording, metrics });
  else
    print(
      table([
        ...(hasClock ? [['Clock', clock === undefined ? 'was never set' : clockText(clock)]] : []),
        ...(recording === undefined || recording.text === ''
          ? []
          : [['Recording', recordingLine(recording)]]),
        ...metrics.map((metric) => [metric.name, valueText(metric)]),
      ]),
    );
  return 0;
}

/** Its values as it tells of them, until Ctrl-C: of a gateway all over one characteristic, of others one by one. */
export async function watchEveryone(env: Env, options: DeviceOptions): Promise<number> {
  await using phone = await openPhone(radioOf(env, options));
  await using connection = await phone.connect(await phone.find(meant(options)));
  const isGateway = await connection.serves(METRICS_SERVICE);
  for await (const metric of isGateway ? connection.live() : connection.values()) {
    if (options.json) printJson(metric);
    else print(`${harmless(metric.name)} ${valueText(metric)}`);
  }
  return 0;
}

function meant({ device, gateway }: DeviceOptions): { readonly name?: string; readonly address?: string } {
  if (device !== undefined) return { address: device };
  return gateway === undefined ? {} : { name: gateway };
}

function valueText({ unit, value }: MetricReading): string {
  return value === undefined ? '-' : `${value} ${unit}`.trimEnd();
}

async function recordingOf(
  connection: GatewayConnection,
): Promise<{ readonly text: string; readonly lostObservations: number } | undefined> {
  if (!(await connection.serves(METRICS_SERVICE))) return undefined;
  const info = perigee.v1.GatewayInfo.decode(await connection.readInfo());
  return { text: harmless(info.recordingText), lostObservations: info.lostObservations };
}

/** 2026-11-27 23:59:05, where the board is. */
function clockText({ day, hours, minutes, month, seconds, year }: WallTime): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hours)}:${two(minutes)}:${two(seconds)}`;
}

function recordingLine({
  lostObservations,
  text,
}: {
  readonly lostObservations: number;
  readonly text: string;
}): string {
  return lostObservations === 0
    ? text
    : `${text}; ${lostObservations} observations were lost since the start`;
}
