import type { perigee } from '@perigee/proto';
import { timeText } from '../domain/index.js';
import type { ControlSession } from '../nearby/index.js';
import { withSession, type NearbyOptions } from './nearby-visit.js';
import { formatDays, print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;
type BoardTime = perigee.v1.BoardTime.$Properties;

const DAY_MS = 86_400_000;
/** The shortest of some round trips has waited least. */
const LOOKS = 3;

const SOURCES: Readonly<Record<string, string>> = {
  network: 'NTP keeps it',
  board: 'the board’s own',
  phone: 'told by a phone',
  nobody: 'it was never set',
};

/** One look at the gateway's clock: how far it is ahead of ours, and how long the way there takes. */
interface Look {
  readonly time: BoardTime;
  readonly aheadMs: number;
  readonly delayMs: number;
}

/** What time it is for the gateway; with `tell`, it is told ours. */
export async function time(env: Env, options: NearbyOptions & { readonly tell?: true }): Promise<number> {
  return withSession(env, options, async (session) => {
    const before = await lookWell(session);
    if (options.tell !== true) {
      show(before, options);
      return;
    }
    const delayMs = Math.round(before.delayMs);
    const { correctedMs } = await session.setTime({ wallMs: Date.now(), delayMs });
    if (!options.json) print(describeCorrection(correctedMs ?? 0));
    show(await lookWell(session), options, correctedMs ?? 0);
  });
}

async function lookWell(session: ControlSession): Promise<Look> {
  let best: Look | undefined;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const sentMs = performance.now();
    const answer = await session.time();
    const delayMs = (performance.now() - sentMs) / 2;
    const aheadMs = (answer.wallMs ?? 0) + delayMs - Date.now();
    if (best === undefined || delayMs < best.delayMs) best = { time: answer, aheadMs, delayMs };
  }
  return best ?? { time: {}, aheadMs: NaN, delayMs: NaN };
}

function show(
  { aheadMs, delayMs, time: { source, wallMs } }: Look,
  options: NearbyOptions,
  correctedMs?: number,
): void {
  const corrected = correctedMs === undefined ? {} : { correctedMs };
  if (options.json) {
    printJson({ wallMs, source, aheadMs: Math.round(aheadMs), delayMs: Math.round(delayMs), ...corrected });
    return;
  }
  const apart =
    Math.abs(aheadMs) <= Math.max(delayMs, 1)
      ? 'the same as here, as far as this link can tell'
      : `${span(aheadMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} this phone`;
  print(
    table([
      [
        'Gateway',
        `${timeText(wallMs ?? 0)}Z, ${SOURCES[source ?? ''] ?? 'in a way that this phone does not know'}`,
      ],
      ['Apart', `${apart} (the way there takes ${Math.round(delayMs)} ms)`],
    ]),
  );
}

function describeCorrection(byMs: number): string {
  if (byMs === 0) return 'The time was right already';
  return `The time was put ${byMs > 0 ? 'forward' : 'back'} by ${span(byMs)}`;
}

function span(ms: number): string {
  const size = Math.abs(ms);
  if (size < 10_000) return `${(size / 1000).toFixed(size < 1000 ? 3 : 1)} s`;
  return formatDays(size / DAY_MS);
}
