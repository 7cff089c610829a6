// The gateway's own page: what it measures, runs and does, read from /api every second.
import {
  describeBeacons,
  describeCause,
  describeState,
  describeStore,
  formatAge,
  formatValue,
} from './words.js';

const PERIOD_MS = 1000;
const MAX_RUNS = 10;
/** What the store takes changes slowly, and costs some reading to know. */
const STORE_PERIOD_MS = 60_000;

const element = (id) => document.getElementById(id);

/** Rows of text cells; only text is ever put into the page, so nothing that a guest says becomes markup. */
function fill(body, rows) {
  body.replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement('tr');
      for (const cell of cells) {
        const place = row.appendChild(document.createElement('td'));
        place.textContent = cell.text ?? cell;
        place.className = cell.kind ?? '';
      }
      return row;
    }),
  );
}

const number = (text) => ({ text, kind: 'number' });
const statistic = (text) => ({ text, kind: 'number statistic' });

const STATISTICS = ['mean', 'min', 'max', 'stddev', 'rate'];

/** One row for a metric and its statistics: cpu_busy_mean and cpu_busy_max of one image stand side by side. */
function groupByMetric(latest) {
  const groups = new Map();
  for (const sample of latest) {
    const { name, labels } = sample.series;
    const statistic = STATISTICS.find((known) => name.endsWith(`_${known}`));
    const metric = statistic ? name.slice(0, -statistic.length - 1) : name;
    const key = JSON.stringify([metric, labels]);
    const group = groups.get(key) ?? { metric, image: labels.image ?? '', wallMs: sample.wallMs };
    groups.set(key, { ...group, [statistic ?? 'mean']: sample });
  }
  return [...groups.values()].sort(
    (a, b) => a.metric.localeCompare(b.metric) || a.image.localeCompare(b.image),
  );
}

function showMetrics(latest) {
  const value = (sample) => (sample ? formatValue(sample.value, sample.series.unit) : '');
  fill(
    element('metrics'),
    groupByMetric(latest).map(({ metric, image, wallMs, ...group }) => [
      metric,
      image,
      number(value(group.mean)),
      ...STATISTICS.slice(1).map((name) => statistic(value(group[name]))),
      number(formatAge(Date.now() - wallMs)),
    ]),
  );
}

function showRuns(runs) {
  fill(
    element('runs'),
    runs
      .slice(0, MAX_RUNS)
      .map(({ id, image, cause, boot, footprint, ...run }) => [
        id,
        image,
        describeCause(cause),
        describeState(run, Date.now()),
        number(boot.firstMetricMs === undefined ? '–' : formatValue(boot.firstMetricMs, 'milliseconds')),
        number(footprint ? formatValue(footprint.peakRssBytes, 'bytes') : '–'),
      ]),
  );
}

function describeSchedule({ name, state }) {
  if (state.kind !== 'crash-loop') return state.kind.replaceAll('-', ' ');
  return `stopped after ${state.failures} failures; mend it, then perigee schedule clear ${name}`;
}

function showSchedules(schedules) {
  fill(
    element('schedules'),
    schedules.map(({ dueAtMs, last, ...schedule }) => [
      schedule.name,
      schedule.image,
      dueAtMs === undefined ? '–' : new Date(dueAtMs).toLocaleString(),
      last?.text ?? '–',
      describeSchedule(schedule),
    ]),
  );
}

function describeRadio({ driver, faults, maxCentrals, state }) {
  const past = faults.count === 0 ? '' : ` (faults: ${faults.count}, the last: ${faults.latest})`;
  if (state.kind === 'advertising')
    return `advertising by ${driver}, ${state.centrals} of ${maxCentrals} connected${past}`;
  return state.reason ? `${state.reason}. ${state.cure}${past}` : state.kind;
}

function readyText(guests) {
  const ready = Object.entries(guests).map(([image, count]) => `${count} of ${image}`);
  return ready.length === 0 ? '' : `, kept ready: ${ready.join(', ')}`;
}

function refusedText({ refusedSamples }) {
  return refusedSamples === 0 ? '' : ` (${refusedSamples} were not taken: a limit was hit)`;
}

function showGateway(status, forecast) {
  element('name').textContent = status.name;
  document.title = status.name;
  const facts = {
    Id: status.gatewayId,
    Version: status.version,
    Running: `${formatAge(status.uptimeSeconds * 1000)}, start ${status.epoch} of this data directory`,
    Guests: `${status.activeRuns - status.queuedRuns} running, ${status.queuedRuns} waiting, ${status.startedRuns} started${readyText(status.readyGuests)}`,
    Recording: status.recording.text,
    Lost: status.losses.latest ?? 'nothing',
    Stored: `${status.store.samples} samples of ${status.store.series} metrics${refusedText(status.store)}${describeStore(forecast)}`,
    Radio: describeRadio(status.radio),
    ...(status.nearby === undefined ? {} : { Beacons: describeBeacons(status.nearby) }),
    Backend: status.sync.text,
    Memory: formatValue(status.rssBytes, 'bytes'),
  };
  element('gateway').replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => {
      const term = document.createElement('dt');
      const detail = document.createElement('dd');
      term.textContent = name;
      detail.textContent = value;
      return [term, detail];
    }),
  );
}

function setState(kind, text) {
  element('state').className = kind;
  element('state').textContent = text;
}

const get = async (path) => {
  const response = await fetch(path, { signal: AbortSignal.timeout(5 * PERIOD_MS) });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  return response.json();
};

let forecast = {};
let forecastDueAt = 0;

async function forecastOfStore() {
  if (Date.now() < forecastDueAt) return forecast;
  forecastDueAt = Date.now() + STORE_PERIOD_MS;
  forecast = (await get('api/store')).forecast;
  return forecast;
}

async function refresh() {
  try {
    const [status, latest, runs, schedules] = await Promise.all(
      ['status', 'latest', 'runs', 'schedules'].map((what) => get(`api/${what}`)),
    );
    showGateway(status, await forecastOfStore());
    showMetrics(latest);
    showRuns(runs);
    showSchedules(schedules);
    if (status.dataDirectoryGone) {
      setState(
        'bad',
        'The data directory was removed: what is measured now is lost. Start the gateway again.',
      );
    } else if (status.recording.kind !== 'whole') setState('bad', `Recording: ${status.recording.text}.`);
    else setState('good', `Live at ${new Date().toLocaleTimeString()}`);
  } catch (error) {
    setState('bad', `The gateway does not answer (${error.message}); what you see is what it said last.`);
  }
  setTimeout(refresh, PERIOD_MS);
}

void refresh();
