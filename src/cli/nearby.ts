import { existsSync } from 'node:fs';
import { decodeInvitation } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { PerigeeError, type HistoryPoint, type Resolution, type Unit } from '../domain/index.js';
import { ControlSession, download, findGateway, openPhone, PhoneBook } from '../nearby/index.js';
import type { GatewaySighting, KnownGateway, Phone, PhoneRadio, Visit } from '../nearby/index.js';
import { airSocket, newRunId, nodeCurve, phoneBookFile } from '../platform/index.js';
import { createSink } from './export-sinks.js';
import { configOf, type CommonOptions } from './options.js';
import { consoleText, formatValue, harmless, paint, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;
type RunNotice = perigee.v1.RunNotice.$Properties;

/** More than a screen shows. */
const LOG_TAIL_BYTES = 3000;

export interface HistoryOptions {
  readonly last: number;
  /** Unix time, milliseconds; overrides `last`. */
  readonly from?: number;
  readonly to?: number;
  readonly resolution: Resolution;
}

/** Where the phone's radio is, and which gateway is meant. */
export interface NearbyOptions extends CommonOptions {
  readonly air?: string;
  readonly hci?: number;
  readonly gateway?: string;
}

const RUNS_LISTED = 20;

export async function scan(env: Env, options: NearbyOptions): Promise<number> {
  await using phone = await openPhone(radioOf(env, options));
  const sightings = await phone.scan();
  if (options.json) printJson(sightings);
  else print(table([['NAME', 'ADDRESS', 'SIGNAL', 'SAYS'], ...sightings.map(sightingRow)]));
  return 0;
}

export async function read(env: Env, options: NearbyOptions): Promise<number> {
  await using phone = await openPhone(radioOf(env, options));
  await using connection = await phone.connect(await phone.find(named(options)));
  const metrics = await connection.readMetrics();
  if (options.json) printJson(metrics);
  else
    print(
      table(
        metrics.map(({ name, unit, value }) => [
          harmless(name),
          value === undefined ? '-' : `${value} ${unit}`,
        ]),
      ),
    );
  return 0;
}

/** The first thing that a phone does at a gateway; the gateway is known by its key from then on. */
export async function enrol(env: Env, link: string, options: NearbyOptions): Promise<number> {
  const invitation = decodeInvitation(link.trim());
  if (invitation === undefined) {
    const cure =
      'Give the text below the code of `perigee technician add`, which begins with perigee:enrol/1/.';
    throw new PerigeeError('usage', 'this is no invitation', cure);
  }
  const book = await bookOf(env, options);
  await using phone = await openPhone(radioOf(env, options));
  await using connection = await findGateway(phone, invitation.gatewayKey, options.gateway);
  const { session } = await ControlSession.open(connection, {
    ...{ curve: nodeCurve, keys: book.keys, gatewayKey: invitation.gatewayKey, invitation },
  });
  const { gatewayId, gatewayName, name, role } = await session.enrol();
  const known: KnownGateway = {
    key: Buffer.from(invitation.gatewayKey).toString('hex'),
    ...{ gatewayId: gatewayId ?? '', name: gatewayName ?? '', as: name ?? '' },
  };
  await book.add(known);
  if (options.json) printJson({ ...known, role });
  else print(`This phone is ${known.as}, ${role ?? ''} at ${known.name} (${known.gatewayId})`);
  return 0;
}

export async function images(env: Env, options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    const list = (await session.images()).images ?? [];
    if (options.json) printJson(list);
    else
      print(
        table([
          ['NAME', 'VERSION', 'MEMORY', 'DESCRIPTION'],
          ...list.map(({ description, memoryMib, name, version }) => [
            ...[name ?? '', version ?? '', `${memoryMib ?? 0} MiB`, harmless(description ?? '')],
          ]),
        ]),
      );
  });
}

export async function ps(env: Env, options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => {
    const runs = await session.runs(RUNS_LISTED);
    if (options.json) printJson(runs);
    else
      print(
        table([
          ['RUN', 'IMAGE', 'STATE'],
          ...runs.map((run) => [run.runId ?? '', run.image ?? '', stateOf(run)]),
        ]),
      );
  });
}

export async function stop(env: Env, runId: string, options: NearbyOptions): Promise<number> {
  return withSession(env, options, async (session) => show(await session.stop(runId), options));
}

/** All that is kept of what a guest printed, or with `tail` the end of it, which is one message. */
export async function logs(
  env: Env,
  runId: string,
  options: NearbyOptions & { readonly tail?: true },
): Promise<number> {
  const text = await withVisits(env, options, async (visit) => {
    if (options.tail !== true) return Buffer.from(await download(visit, { runLog: runId })).toString();
    await using here = await visit();
    return (await here.session.log(runId, LOG_TAIL_BYTES)).text ?? '';
  });
  if (options.json) printJson({ text });
  else process.stdout.write(consoleText(text));
  return 0;
}

/** One series as CSV, or with --json an object a line; without a series, what series there are and their newest values. */
export async function history(
  env: Env,
  series: string | undefined,
  options: NearbyOptions & HistoryOptions,
): Promise<number> {
  const { last, resolution } = options;
  const toMs = options.to ?? Date.now();
  const range = { series: series ?? '', fromMs: options.from ?? toMs - last, toMs, resolution };
  return withVisits(env, options, async (visit) => {
    if (series === undefined) {
      const { newest } = perigee.v1.SeriesList.decode(await download(visit, { series: {} }));
      if (options.json) printJson(newest);
      else print(table(newest.map(valueRow)));
      return 0;
    }
    const points = pointsOf(perigee.v1.HistoryColumns.decode(await download(visit, { history: range })));
    const shape = { series: [], isRaw: resolution === 'raw', isOne: true };
    const write = (piece: string | Uint8Array): Promise<void> =>
      Promise.resolve(void process.stdout.write(piece));
    const sink = createSink(options.json ? 'jsonl' : 'csv', shape, write);
    await sink.begin();
    await sink.add({ name: series, labels: {}, unit: 'none' }, points);
    await sink.end();
    return 0;
  });
}

/** Follows the run to its end; Ctrl-C leaves it, and the run goes on. */
export async function run(
  env: Env,
  image: string,
  options: NearbyOptions & { readonly args: string; readonly priority: number },
): Promise<number> {
  return withSession(env, options, async (session) => {
    const { args, priority } = options;
    let last: RunNotice = {};
    for await (const notice of session.start({ runId: newRunId(), image, args, priority })) {
      last = notice;
      show(notice, options);
    }
    if (last.end === 'completed' || last.end === 'killed-by-user') return;
    const cure = `See what it printed: perigee nearby logs ${last.runId ?? ''}`;
    throw new PerigeeError('run-failed', `${image} ${stateOf(last)}`, cure);
  });
}

function withSession(
  env: Env,
  options: NearbyOptions,
  use: (session: ControlSession) => Promise<void>,
): Promise<number> {
  return withVisits(env, options, async (visit) => {
    await using here = await visit();
    await use(here.session);
    return 0;
  });
}

/** Gives a way to the gateway that may be gone again and again: each time it is found, connected to and spoken to. */
async function withVisits<T>(
  env: Env,
  options: NearbyOptions,
  use: (visit: () => Promise<Visit & { readonly session: ControlSession }>) => Promise<T>,
): Promise<T> {
  const book = await bookOf(env, options);
  const known = theGateway(book, options);
  await using phone: Phone = await openPhone(radioOf(env, options));
  const gatewayKey = new Uint8Array(Buffer.from(known.key, 'hex'));
  return await use(async () => {
    const connection = await findGateway(phone, gatewayKey, known.name);
    const credentials = { curve: nodeCurve, keys: book.keys, gatewayKey };
    const { session } = await ControlSession.open(connection, credentials);
    return { session, [Symbol.asyncDispose]: () => connection.disconnect() };
  });
}

function theGateway(book: PhoneBook, { gateway }: NearbyOptions): KnownGateway {
  const found = book.gateways.filter(
    ({ gatewayId, name }) => gateway === undefined || [gatewayId, name].includes(gateway),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    const message = 'this phone has enrolled at no such gateway';
    const cure =
      'Ask for an invitation (perigee technician add NAME), and give its text to perigee nearby enrol.';
    throw new PerigeeError('access-refused', message, cure);
  }
  const names = found.map(({ gatewayId, name }) => `${name} (${gatewayId})`).join(', ');
  throw new PerigeeError('usage', `this phone knows several: ${names}`, 'Say which: --gateway ID.');
}

/** A gateway on this machine without an adapter has an air of its own, which lies beside its data. */
function radioOf(env: Env, { air, hci, ...options }: NearbyOptions): PhoneRadio {
  if (hci !== undefined) return { hciDevice: hci };
  const socket = air ?? airSocket(configOf(env, options).dataDirectory);
  return air === undefined && !existsSync(socket) ? { hciDevice: 0 } : { airSocket: socket };
}

function bookOf(env: Env, options: CommonOptions): Promise<PhoneBook> {
  return PhoneBook.open(phoneBookFile(configOf(env, options).dataDirectory), nodeCurve);
}

function named({ gateway }: NearbyOptions): { readonly name?: string } {
  return gateway === undefined ? {} : { name: gateway };
}

function show(notice: RunNotice, options: CommonOptions): void {
  if (options.json) return printJson(notice);
  print(paint('cyan', `${notice.runId ?? ''} ${notice.image ?? ''}: ${stateOf(notice)}`));
  for (const { series, unit, value } of notice.values ?? [])
    print(`${harmless(series ?? '')} ${formatValue(value ?? NaN, unit as Unit)}`);
}

function stateOf({ state, text }: RunNotice): string {
  return harmless(text ? (state === 'ended' ? text : `${state ?? ''}: ${text}`) : (state ?? ''));
}

function sightingRow({ address, name, rssiDbm, values }: GatewaySighting): readonly string[] {
  const { count, problem, temperature } = values;
  const says = [
    ...(temperature === undefined ? [] : [`${temperature} °C`]),
    ...(count === undefined ? [] : [count === 1 ? '1 guest runs' : `${count} guests run`]),
    ...(problem === true ? ['needs attention'] : []),
  ];
  return [harmless(name), address, `${rssiDbm} dBm`, says.join(', ')];
}

function valueRow({ series, unit, value }: perigee.v1.SeriesValue.$Properties): readonly string[] {
  return [harmless(series ?? ''), formatValue(value ?? NaN, unit as Unit)];
}

/** Columns run in step; what is missing in one ends all. Of samples, the figures that are not sent are the value. */
function pointsOf(columns: perigee.v1.HistoryColumns): readonly HistoryPoint[] {
  let wallMs = 0;
  return columns.wallMs.slice(0, columns.last.length).map((delta, i) => {
    wallMs += delta;
    const last = columns.last[i] ?? NaN;
    const [count = 1, sum = last, least = last, most = last] = [
      ...[columns.count[i], columns.sum[i], columns.least[i], columns.most[i]],
    ];
    return { wallMs, count, sum, least, most, last };
  });
}
