import { seriesKey, type GatewayStatus, type LatestSample } from '../domain/index.js';
import type { Config } from '../config/index.js';
import type { PhoneView } from './demo-phone.js';
import { formatValue, paint, table } from './output.js';

export interface Surroundings {
  readonly status: GatewayStatus;
  readonly backendUrl: string;
  readonly config: Config;
}

/** Where to look, once, before anything moves. */
export function welcome({ status, backendUrl, config }: Surroundings, say: (line: string) => void): void {
  say(`${paint('bold', `Perigee ${status.version}`)}: gateway ${status.gatewayId}`);
  say(`  Page      ${status.webUrl ?? 'off'}`);
  say(`  Backend   ${backendUrl}/v1/gateways/${status.gatewayId}/latest`);
  say(`  Data      ${config.dataDirectory}`);
  say(
    config.radio.mode === 'virtual'
      ? '  Radio     virtual: this machine has no Bluetooth adapter to use, so a phone in software reads the metrics'
      : `  Radio     ${status.radio.driver}: look for "${status.name}" with any Bluetooth LE app`,
  );
  say(
    '  Try       npx perigee run hello --follow, npx perigee ps, in another terminal; Ctrl-C ends the demo',
  );
}

/** One line for a log or a pipe. */
export function progressLine(
  status: GatewayStatus,
  latest: readonly LatestSample[],
  view: PhoneView,
): string {
  return [
    `${status.uptimeSeconds.toFixed(0)} s`,
    `${status.activeRuns} guests`,
    `${status.store.samples} samples of ${latest.length} metrics stored`,
    `${view.reads} read over BLE`,
    `${status.sync.samplesAcknowledged} at the backend`,
  ].join(', ');
}

/** Rows that fit a terminal of 24 lines, what the phone shows beside them. */
const MAX_ROWS = 14;

/** Draws over its own last picture. */
export function dashboard(): (
  status: GatewayStatus,
  latest: readonly LatestSample[],
  view: PhoneView,
) => void {
  let drawn = 0;
  return (status, latest, view) => {
    const means = latest.filter(({ series }) => !/_(minimum|min|maximum|max|stddev|rate)$/.test(series.name));
    const rows = means
      .toSorted((a, b) => a.series.name.localeCompare(b.series.name))
      .slice(0, MAX_ROWS)
      .map(({ series, value }) => [seriesKey(series), formatValue(value, series.unit)]);
    const text = [
      '',
      paint('cyan', progressLine(status, latest, view)),
      paint('dim', `phone: ${view.state}; backend: ${status.sync.text}`),
      table([['METRIC', 'NOW'], ...rows]),
      ...view.metrics
        .slice(0, 4)
        .map(
          ({ name, value, unit }) =>
            `${paint('green', 'on the phone')}  ${name}: ${value ?? 'not known'} ${unit}`,
        ),
    ].join('\n');
    const clear = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`;
    process.stdout.write(`${clear}${text}\n`);
    drawn = text.split('\n').length;
  };
}
