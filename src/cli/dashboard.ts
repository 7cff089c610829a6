import { resolve } from 'node:path';
import { seriesKey, type GatewayStatus, type LatestSample } from '../domain/index.js';
import type { Config } from '../config/index.js';
import type { PhoneView } from './demo-phone.js';
import { cut, formatValue, isSideFigure, paint, table } from './output.js';

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
  say(`  Radio     ${describeRadio(status, config)}`);
  const where = config.dataDirectory === resolve('data') ? '' : ` --data ${config.dataDirectory}`;
  say(`  Try       npx perigee run hello --follow${where}, in another terminal; Ctrl-C ends the demo`);
}

function describeRadio({ name, radio }: GatewayStatus, { radio: { mode } }: Config): string {
  switch (mode) {
    case 'off':
      return 'off: nothing is shown to phones';
    case 'virtual':
      return 'virtual, of software, and so is the phone that reads the metrics: nothing leaves this machine';
    case 'auto':
      return `${radio.driver}: look for "${name}" with any Bluetooth LE app`;
  }
}

/** One line for a log or a pipe; counts are since `before`. */
export function progressLine(
  before: GatewayStatus,
  status: GatewayStatus,
  latest: readonly LatestSample[],
  view: PhoneView,
): string {
  return [
    `${status.uptimeSeconds.toFixed(0)} s`,
    status.activeRuns === 1 ? '1 guest' : `${status.activeRuns} guests`,
    `${status.store.samples - before.store.samples} samples of ${latest.length} metrics stored`,
    `${view.reads} read over BLE`,
    `${status.sync.samplesAcknowledged} at the backend`,
  ].join(', ');
}

/** Lines of the welcome above the picture, and of the picture besides metrics. */
const OTHER_ROWS = 14;
const PHONE_ROWS = 4;

type Draw = (status: GatewayStatus, latest: readonly LatestSample[], view: PhoneView) => void;

/** Draws over its own last picture, no wider than the terminal: a line that wraps could not be drawn over. */
export function dashboard(before: GatewayStatus): Draw {
  let drawn = 0;
  return (status, latest, view) => {
    const { columns, rows } = process.stdout;
    const lines = [
      '',
      paint('cyan', cut(progressLine(before, status, latest, view), columns)),
      paint('dim', cut(`phone: ${view.state}; backend: ${status.sync.text}`, columns)),
      ...metricRows(latest, Math.max(1, rows - OTHER_ROWS)).map((line) => cut(line, columns)),
      ...view.metrics.slice(0, PHONE_ROWS).map((metric) => cut(phoneLine(metric), columns)),
    ];
    process.stdout.write(`${drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`}${lines.join('\n')}\n`);
    drawn = lines.length;
  };
}

/** Of the statistics only the means: the others are on the page. */
function metricRows(latest: readonly LatestSample[], room: number): readonly string[] {
  const shown = latest
    .filter(({ series }) => !isSideFigure(series.name))
    .toSorted((a, b) => a.series.name.localeCompare(b.series.name))
    .slice(0, room);
  const rows = shown.map(({ series, value }) => [seriesKey(series), formatValue(value, series.unit)]);
  const rest = latest.length - shown.length;
  return [
    ...table([['METRIC', 'NOW'], ...rows]).split('\n'),
    ...(rest > 0 ? [`… and ${rest} more on the page`] : []),
  ];
}

function phoneLine({ name, unit, value }: PhoneView['metrics'][number]): string {
  return `on the phone  ${name}: ${value === undefined ? 'not known' : `${value.toLocaleString('en')} ${unit}`}`;
}
