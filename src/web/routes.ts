import * as v from 'valibot';
import {
  HIGHEST_PRIORITY,
  LOWEST_PRIORITY,
  PerigeeError,
  RESOLUTIONS,
  SCHEDULE_CHANGES,
  forecastOf,
  matchesAll,
  parseMatcher,
  parseRunId,
  resolutionFor,
  thinned,
} from '../domain/index.js';
import type { GatewayControl, GatewayStatus } from '../domain/index.js';
import { guestArgs, parseSchedule } from '../requests/index.js';
import { parseAuditQuery, parseInvitation, parseName } from './access-body.js';

/** What a route answers: one JSON value, a text, or a stream of values that a client reads as they come. */
export type Answer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly kind: 'stream'; readonly values: AsyncIterable<unknown> };

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Matched against the whole path; its first group is the id. */
  readonly path: RegExp;
  /** Only on the Unix socket, which the file system guards. */
  readonly privileged: boolean;
  /** `body` is what a POST says in JSON, and a GET in its query. */
  readonly answer: (control: GatewayControl, id: string, body: unknown) => Promise<Answer>;
}

/** More runs than a person scrolls through. */
const MAX_RUNS_LISTED = 100;

const runBody = v.strictObject({
  image: v.pipe(v.string(), v.maxLength(64)),
  /** Made by the client, so that a request repeated after a lost answer starts nothing twice. */
  id: v.string('expected the id of the run to start'),
  pending: v.exactOptional(v.literal(true)),
  args: v.optional(guestArgs, ''),
  priority: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(LOWEST_PRIORITY), v.maxValue(HIGHEST_PRIORITY)),
    0,
  ),
});

/** As many as the widest screen has pixels, nearly. */
const POINTS_MAX = 4000;

const numeral = v.pipe(v.string(), v.regex(/^-?\d{1,15}$/, 'expected a whole number'), v.transform(Number));
const historyQuery = v.strictObject({
  series: v.pipe(
    v.string('expected the series, as `memory_total_mean{image="hostsense"}`'),
    v.maxLength(4096),
  ),
  /** Unix time, milliseconds. */
  from: numeral,
  to: numeral,
  resolution: v.exactOptional(v.picklist(RESOLUTIONS)),
  points: v.optional(v.pipe(numeral, v.minValue(1), v.maxValue(POINTS_MAX))),
});

/** Conditions, one for each label at most. */
const MATCHERS_MAX = 16;
const condition = v.pipe(v.string(), v.maxLength(512));
const latestQuery = v.strictObject({
  match: v.optional(v.union([condition, v.pipe(v.array(condition), v.maxLength(MATCHERS_MAX))]), []),
});

const json = (value: unknown): Answer => ({ kind: 'json', value });

export const ROUTES: readonly Route[] = [
  read(/^\/healthz$/, async (control) => json(health(await control.status()))),
  read(/^\/api\/status$/, async (control) => json(await control.status())),
  read(/^\/api\/images$/, async (control) => json(await control.images())),
  read(/^\/api\/latest$/, latest),
  read(/^\/api\/history$/, history),
  read(/^\/api\/losses$/, async (control) => json(await control.losses())),
  read(/^\/api\/store$/, async ({ store }) => {
    const statistics = await store.statistics();
    return json({ ...statistics, forecast: forecastOf(statistics) });
  }),
  act(/^\/api\/store\/compact$/, ({ store }) => Promise.resolve({ kind: 'stream', values: store.compact() })),
  {
    ...read(/^\/api\/store\/backup$/, ({ store }) =>
      Promise.resolve({ kind: 'bytes', chunks: store.backup() }),
    ),
    // It has what only some may see.
    privileged: true,
  },
  read(/^\/api\/runs$/, async (control) => json(await control.runs(MAX_RUNS_LISTED))),
  read(/^\/api\/runs\/([^/]+)\/log$/, async (control, id) => ({
    kind: 'text',
    text: await control.consoleLog(parseRunId(id)),
  })),
  read(/^\/api\/live$/, (control) => Promise.resolve({ kind: 'stream', values: control.news() })),
  act(/^\/api\/runs$/, (control, _id, body) => {
    const parsed = v.safeParse(runBody, body);
    if (!parsed.success) throw badBody(parsed.issues[0].message);
    const { id, ...request } = parsed.output;
    const values = control.run({ ...request, id: parseRunId(id) });
    return Promise.resolve({ kind: 'stream', values });
  }),
  read(/^\/api\/schedules$/, async (control) => json(await control.schedules())),
  act(/^\/api\/schedules$/, async (control, _id, body) =>
    json(await control.addSchedule(parseSchedule(body, 'See docs/http.md.'))),
  ),
  ...SCHEDULE_CHANGES.map((change) =>
    act(new RegExp(`^/api/schedules/([^/]+)/${change}$`), async (control, name) =>
      json(await control.changeSchedule(name, change)),
    ),
  ),
  own(/^\/api\/technicians$/, async ({ access }) => json(await access.technicians())),
  own(/^\/api\/audit$/, async ({ access }, _id, query) => json(await access.audit(parseAuditQuery(query)))),
  act(/^\/api\/technicians$/, async ({ access }, _id, body) =>
    json(await access.invite(parseInvitation(body))),
  ),
  act(/^\/api\/technicians\/revoke$/, async ({ access }, _id, body) =>
    json(await access.revoke(parseName(body))),
  ),
  act(/^\/api\/runs\/([^/]+)\/stop$/, async (control, id) => json(await control.stop(parseRunId(id)))),
];

async function latest(control: GatewayControl, _id: string, query: unknown): Promise<Answer> {
  const parsed = v.safeParse(latestQuery, query);
  if (!parsed.success) throw badQuery(parsed.issues[0].message);
  const matchers = [parsed.output.match].flat().map((text) => {
    const matcher = parseMatcher(text);
    if (matcher === undefined) throw badQuery(`${JSON.stringify(text)} is no condition such as image=hello`);
    return matcher;
  });
  return json((await control.latest()).filter(({ series }) => matchesAll(series, matchers)));
}

/** Without `points` a stream, since a year may be asked for; with it, what fits a screen. */
function history(control: GatewayControl, _id: string, query: unknown): Promise<Answer> {
  const parsed = v.safeParse(historyQuery, query);
  if (!parsed.success) throw badQuery(parsed.issues[0].message);
  const { series, from: fromMs, to: toMs, points } = parsed.output;
  if (fromMs > toMs) throw badQuery('it ends before it begins');
  const usual = resolutionFor({ fromMs, toMs }, points);
  const range = { series, fromMs, toMs, resolution: parsed.output.resolution ?? usual };
  const chunks = control.history(range);
  if (points === undefined) return Promise.resolve({ kind: 'stream', values: chunks });
  return thinned(chunks, range, points).then(json);
}

function read(path: RegExp, answer: Route['answer']): Route {
  return { method: 'GET', path, privileged: false, answer };
}

/** What only whoever may open the socket reads. */
function own(path: RegExp, answer: Route['answer']): Route {
  return { method: 'GET', path, privileged: true, answer };
}

function act(path: RegExp, answer: Route['answer']): Route {
  return { method: 'POST', path, privileged: true, answer };
}

/** Alive and recording; the radio and the backend may be away without the gateway being ill. */
function health({ dataDirectoryGone, lostObservations, recording, uptimeSeconds }: GatewayStatus): object {
  const well = lostObservations === 0 && recording.kind === 'whole' && !dataDirectoryGone;
  const status = well ? 'ok' : 'degraded';
  return { status, recording: recording.kind, lostObservations, dataDirectoryGone, uptimeSeconds };
}

function badQuery(why: string): PerigeeError {
  const cure = 'Ask as in docs/http.md: ?series=NAME&from=0&to=1700000000000&resolution=minutes&points=500';
  return new PerigeeError('usage', `the request is not valid: ${why}`, cure);
}

function badBody(why: string): PerigeeError {
  return new PerigeeError(
    'usage',
    `the request is not valid: ${why}`,
    'Send {"id": "16 hexadecimal digits", "image": "hello", "args": "one line"}.',
  );
}
