import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayControl } from '../domain/index.js';
import { runningGateway, type CommonOptions } from './options.js';
import { print, printJson } from './output.js';
import { untilAskedToEnd } from './signals.js';
import { openScreen, type Screen } from './terminal.js';
import { TopModel, type TopSnapshot } from './top-model.js';
import { orderOfKey, sortRuns, topLines, type TopOrder } from './top-view.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface TopOptions extends CommonOptions {
  readonly sort: TopOrder;
}

/** In step with what runs cost, which is told once a second. */
const SHOW_EVERY_MS = 1000;
/** Of a terminal that does not say: as wide as any, and as much as there is. */
const PLAIN_SIZE = { columns: 120, rows: 1000 };
/** What a terminal sends for Ctrl-C and Ctrl-D while keys come one by one. */
const QUIT_KEYS = ['q', 'Q', '\x03', '\x04'];

/** Until it is told to end. Not on a terminal: one picture as text; with --json an object each second. */
export async function top(env: Env, options: TopOptions): Promise<number> {
  const control = runningGateway(env, options);
  const ending = new AbortController();
  const model = new TopModel();
  const news = control.news()[Symbol.asyncIterator]();
  model.begin(await control.runs(0), await control.latest());
  const ended = untilAskedToEnd(ending.signal);
  // A gateway that ends says so here, and in the next question.
  const told = pump(news, model).catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  const shown = show(control, model, options, ending);
  try {
    await Promise.race([ended, told, shown]);
  } finally {
    ending.abort();
    await news.return?.();
    await shown.catch(() => undefined);
  }
  return 0;
}

async function pump(news: AsyncIterator<Parameters<TopModel['take']>[0]>, model: TopModel): Promise<void> {
  for (let next = await news.next(); next.done !== true; next = await news.next())
    model.take(next.value, Date.now());
}

async function show(
  control: GatewayControl,
  model: TopModel,
  options: TopOptions,
  ending: AbortController,
): Promise<void> {
  let order = options.sort;
  let last: TopSnapshot | undefined;
  const { stdout } = process;
  const live = stdout.isTTY && options.json === undefined;
  const redraw = (): void => {
    if (last !== undefined) screen?.draw(topLines(last, order, stdout));
  };
  using screen: Screen | undefined = live
    ? openScreen((key) => {
        if (QUIT_KEYS.includes(key)) ending.abort();
        order = orderOfKey(key) ?? order;
        redraw();
      }, redraw)
    : undefined;
  for (let times = 0; !ending.signal.aborted; times += 1) {
    last = model.snapshot(await control.status(), Date.now());
    if (live) redraw();
    else if (options.json) printJson(toJson(last, order));
    // The first has no costs yet.
    else if (times > 0) {
      topLines(last, order, PLAIN_SIZE).slice(0, -1).forEach(print);
      return;
    }
    await delay(SHOW_EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
  }
}

/** All of a run is in `perigee ps --json`. */
function toJson({ atMs, metrics, runs, status }: TopSnapshot, order: TopOrder): object {
  return {
    time: new Date(atMs).toISOString(),
    runs: sortRuns(runs, order).map(({ run: { id, image, state, requestedAtMs, boot }, ...costs }) => ({
      ...{ id, image, state, requestedAtMs, boot },
      ...costs,
    })),
    metrics: metrics.map(({ series, unit, value }) => ({ series, unit, value })),
    status,
  };
}
