import { harmless, isEnded } from '../domain/index.js';
import { cut, describeState, formatSpan, formatValue, paint } from './output.js';
import type { TopMetric, TopRun, TopSnapshot } from './top-model.js';

/** By what runs are sorted, each with its key. */
export const TOP_ORDERS = ['cpu', 'memory', 'boot', 'image'] as const;
export type TopOrder = (typeof TOP_ORDERS)[number];

export interface TopSize {
  readonly columns: number;
  readonly rows: number;
}

/** What stands in a column, and how soon it goes where there is little room: the highest first. */
interface Column<T> {
  readonly head: string;
  readonly goes: number;
  readonly isNumber?: true;
  readonly cell: (row: T) => string;
}

const RUN_COLUMNS: readonly Column<TopRun>[] = [
  { head: 'RUN', goes: 4, cell: ({ run }) => run.id },
  { head: 'IMAGE', goes: 0, cell: ({ run }) => run.image },
  { head: 'CPU', goes: 0, isNumber: true, cell: ({ cpuPercent }) => value(cpuPercent, 'percent') },
  { head: 'RSS', goes: 1, isNumber: true, cell: ({ rssBytes }) => value(rssBytes, 'bytes') },
  { head: 'PSS', goes: 3, isNumber: true, cell: ({ pssBytes }) => value(pssBytes, 'bytes') },
  { head: 'BOOT', goes: 2, isNumber: true, cell: ({ run }) => value(run.boot.bootedMs, 'milliseconds') },
  {
    head: '1ST METRIC',
    goes: 5,
    isNumber: true,
    cell: ({ run }) => value(run.boot.firstMetricMs, 'milliseconds'),
  },
  { head: 'STATE', goes: 0, cell: ({ run }) => describeState(run) },
];

const METRIC_COLUMNS: readonly Column<TopMetric>[] = [
  { head: 'METRIC', goes: 0, cell: ({ series }) => harmless(series) },
  { head: 'NOW', goes: 0, isNumber: true, cell: (metric) => formatValue(metric.value, metric.unit) },
  { head: 'LATELY', goes: 1, cell: ({ history }) => sparkline(history, SPARK_COLUMNS) },
];

const SPARK_COLUMNS = 30;
const GAP = 2;
/** What a cell may take beside others: a name of any length leaves room for its value. */
const CELL_MAX = 60;
/** A name is still known by so much of it. */
const FIRST_LEAST = 10;

/** The lines of one picture, none wider than the terminal, and no more than fit. */
export function topLines(snapshot: TopSnapshot, order: TopOrder, size: TopSize): readonly string[] {
  const { metrics, runs } = snapshot;
  const sorted = sortRuns(runs, order);
  const room = Math.max(2, size.rows - HEAD_LINES - FOOT_LINES);
  const runRows = Math.max(1, Math.min(sorted.length, metrics.length === 0 ? room : Math.floor(room / 2)));
  const metricRows = Math.max(0, room - runRows);
  return [
    ...headLines(snapshot).map((line) => paint('cyan', cut(line, size.columns))),
    '',
    ...section(RUN_COLUMNS, sorted, runRows, size.columns),
    '',
    ...section(METRIC_COLUMNS, metrics, metricRows, size.columns),
    paint('dim', cut(`q quits; sorted by ${order}: c cpu, m memory, b boot, i image`, size.columns)),
  ].slice(0, size.rows);
}

const HEAD_LINES = 6;
const FOOT_LINES = 3;

/** Of a key that was pressed. */
export function orderOfKey(key: string): TopOrder | undefined {
  return TOP_ORDERS.find((order) => order.startsWith(key));
}

export function sortRuns(runs: readonly TopRun[], order: TopOrder): readonly TopRun[] {
  const weight = ({ cpuPercent, rssBytes, run }: TopRun): number => {
    const weights = { cpu: cpuPercent, memory: rssBytes, boot: run.boot.bootedMs, image: 0 };
    return weights[order] ?? -1;
  };
  return runs.toSorted(
    (a, b) =>
      Number(isEnded(a.run)) - Number(isEnded(b.run)) ||
      weight(b) - weight(a) ||
      (a.run.image < b.run.image ? -1 : a.run.image > b.run.image ? 1 : a.run.id < b.run.id ? -1 : 1),
  );
}

function headLines({ status }: TopSnapshot): readonly string[] {
  const { activeRuns, queuedRuns, startedRuns } = status;
  return [
    `${harmless(status.name)} ${status.gatewayId}, up ${formatSpan(status.uptimeSeconds * 1000)}, ` +
      formatValue(status.rssBytes, 'bytes'),
    `${activeRuns - queuedRuns} running, ${queuedRuns} waiting, ${startedRuns} started; ` +
      `${status.store.samples} samples of ${status.store.series} series; ${harmless(status.sync.text)}`,
  ];
}

function section<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  most: number,
  width: number,
): readonly string[] {
  const shown = rows.slice(0, most);
  const [head = '', ...lines] = fit(columns, shown, width);
  const rest = rows.length - shown.length;
  return [
    paint('bold', head),
    ...lines,
    ...(rest > 0 ? [paint('dim', cut(`… and ${rest} more`, width))] : []),
  ];
}

/** Drops the columns that go first, until the others have room; then the first of those is cut. */
function fit<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): readonly string[] {
  const cells = columns.map(({ cell, head }) => [head, ...rows.map((row) => cut(cell(row), CELL_MAX))]);
  const widths = cells.map((column) => Math.max(...column.map((text) => text.length)));
  let kept = columns.map((_, at) => at);
  const over = (): number => kept.reduce((sum, at) => sum + (widths[at] ?? 0) + GAP, 1 - GAP) - width;
  for (let next = Math.max(...columns.map(({ goes }) => goes)); next > 0 && over() > 0; next -= 1)
    kept = kept.filter((at) => columns[at]?.goes !== next);
  const [first = 0] = kept;
  widths[first] = Math.max(FIRST_LEAST, (widths[first] ?? 0) - Math.max(0, over()));
  return Array.from({ length: rows.length + 1 }, (_, row) => {
    const texts = kept.map((at) => {
      const columnWidth = widths[at] ?? 0;
      const text = cut(cells[at]?.[row] ?? '', columnWidth + 1);
      return columns[at]?.isNumber ? text.padStart(columnWidth) : text.padEnd(columnWidth);
    });
    return cut(texts.join(' '.repeat(GAP)).trimEnd(), width);
  });
}

const value = (number: number | undefined, unit: 'percent' | 'bytes' | 'milliseconds'): string =>
  number === undefined ? '-' : formatValue(number, unit);

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The newest of them, from the least to the most of those; a level line where they are all the same. */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = values.slice(-columns);
  const least = Math.min(...shown);
  const span = Math.max(...shown) - least;
  const level = (one: number): number =>
    span > 0 ? Math.round(((one - least) / span) * (BARS.length - 1)) : 0;
  return shown.map((one) => BARS[level(one)] ?? '').join('');
}
