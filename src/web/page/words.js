// What the page says of values, times and runs. Nothing here touches the page.
const SUFFIXES = {
  percent: '%',
  celsius: '°C',
  milliseconds: 'ms',
  seconds: 's',
  'percent-per-second': '%/s',
  'celsius-per-second': '°C/s',
  'per-second': '/s',
  pascals: 'Pa',
  volts: 'V',
  amperes: 'A',
  watts: 'W',
  lux: 'lx',
};
const BINARY_PREFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti'];

const rounded = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));

/** As its twin in src/cli/output.ts: a browser cannot load that one. */
export function formatValue(value, unit) {
  if (unit !== 'bytes' && unit !== 'bytes-per-second')
    return `${rounded(value)} ${SUFFIXES[unit] ?? ''}`.trim();
  let prefix = 0;
  for (; Math.abs(value) >= 1024 && prefix < BINARY_PREFIXES.length - 1; prefix += 1) value /= 1024;
  return `${rounded(value)} ${BINARY_PREFIXES[prefix]}B${unit === 'bytes' ? '' : '/s'}`;
}

export function formatAge(ms) {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(0)} h`;
}

/** As its twin in src/cli/output.ts. */
function describeWait({ why }, waitedMs) {
  const waited = waitedMs >= 1000 ? ` for ${formatAge(waitedMs)}` : '';
  if (why === undefined) return `queued${waited}`;
  const expected =
    why.expectedMs === undefined ? '' : `; at most ${formatAge(why.expectedMs - waitedMs)} more`;
  return `queued${waited}: ${why.text}${expected}`;
}

/** What it does or how it ended, and what of its guest was not understood. */
export function describeState({ state, requestedAtMs, faults }, nowMs) {
  return [stateOf(state, nowMs - requestedAtMs), describeFaults(faults)]
    .filter((part) => part !== '')
    .join('; ');
}

function stateOf(state, waitedMs) {
  if (state.kind === 'queued') return describeWait(state, waitedMs);
  if (state.kind !== 'ended') return state.kind;
  const { kind, detail, code } = state.reason;
  return [kind.replaceAll('-', ' '), detail ?? code].filter((part) => part !== undefined).join(': ');
}

/** As its twin in src/domain/run.ts. */
function describeFaults({ badFrames, droppedValues, first }) {
  const counts = [
    ...(badFrames === 0 ? [] : [`${badFrames} ${badFrames === 1 ? 'message' : 'messages'} not understood`]),
    ...(droppedValues === 0 ? [] : [`${droppedValues} ${droppedValues === 1 ? 'value' : 'values'} dropped`]),
  ];
  return first === undefined ? counts.join(', ') : `${counts.join(', ')} (first: ${first})`;
}

/** Who asked for a run, as its twin in src/cli/ps.ts. */
export function describeCause(cause = { kind: 'demand' }) {
  const name = cause.name === undefined ? cause.kind : `${cause.kind} ${cause.name}`;
  return cause.restart === undefined ? name : `${name}, restart ${cause.restart}`;
}

function formatDays(days) {
  if (days < 2) return formatAge(days * 86_400_000);
  return days < 730
    ? `${rounded(days)} days`
    : days < 365_250
      ? `${rounded(days / 365.25)} years`
      : 'over 1000 years';
}

/** As `perigee store stats` tells it at length. */
export function describeStore({
  bytesPerSample,
  daysToFull,
  growsToBytes,
  growthBytesPerDay,
  wearPercentPerYear,
}) {
  if (bytesPerSample === undefined) return '';
  const room =
    daysToFull === undefined
      ? `up to about ${formatValue(growsToBytes, 'bytes')}, where the oldest makes room`
      : `the disk is full in ${formatDays(daysToFull)}`;
  const wear =
    wearPercentPerYear === undefined
      ? ''
      : `, about ${rounded(wearPercentPerYear)} % of the card’s life a year`;
  return `, ${bytesPerSample.toFixed(2)} bytes each; ${formatValue(growthBytesPerDay, 'bytes')} a day${wear}; ${room}`;
}

/** As `perigee doctor` tells it at length. */
export function describeBeacons({ beacons, listener }) {
  if (listener.kind === 'unavailable') return `none is heard: ${listener.reason}`;
  return beacons.map(describeBeacon).join('; ');
}

function describeBeacon({ name, silentSeconds, trouble, values }) {
  if (trouble !== undefined) return `${name} ${trouble.reason}`;
  const said = values.map(({ quantity, unit, value }) => `${quantity} ${formatValue(value, unit)}`);
  return `${name} ${said.join(', ')}, ${formatAge(silentSeconds * 1000)} ago`;
}

/** As its twin in gatt/invitation.ts: the gateway's key, the invitation's id and its secret, 72 bytes in base64url. */
export function isInvitation(text) {
  return /^perigee:enrol\/1\/[\w-]{96}$/.test(text);
}
