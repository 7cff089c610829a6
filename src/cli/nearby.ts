import { decodeInvitation } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { harmless, PerigeeError, type Unit } from '../domain/index.js';
import { ControlSession, download, findGateway, openPhone } from '../nearby/index.js';
import type { KnownGateway } from '../nearby/index.js';
import { newRunId, nodeCurve } from '../platform/index.js';
import { describeFigures } from './nearby-figures.js';
import { bookOf, radioOf, withSession, withVisits, type NearbyOptions } from './nearby-visit.js';
import type { CommonOptions } from './options.js';
import { consoleText, formatValue, paint, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;
type RunNotice = perigee.v1.RunNotice.$Properties;

/** More than a screen shows. */
const LOG_TAIL_BYTES = 3000;

const RUNS_LISTED = 20;

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
            ...[name ?? '', version ?? '', `${memoryMib ?? 0} MiB`, description ?? ''],
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

function show(notice: RunNotice, options: CommonOptions): void {
  if (options.json) return printJson(notice);
  print(paint('cyan', `${notice.runId ?? ''} ${notice.image ?? ''}: ${stateOf(notice)}`));
  for (const { series, unit, value } of notice.values ?? [])
    print(`${harmless(series ?? '')} ${formatValue(value ?? NaN, unit as Unit)}`);
  const figures = notice.state === 'ended' ? describeFigures(notice) : '';
  if (figures !== '') print(`  ${figures}`);
}

function stateOf({ state, text }: RunNotice): string {
  return harmless(text ? (state === 'ended' ? text : `${state ?? ''}: ${text}`) : (state ?? ''));
}
