import { harmless, isEnded, reasonOf } from '../domain/index.js';
import type { GatewayControl, RunNews, RunRecord, Sample } from '../domain/index.js';
import { newRunId } from '../platform/index.js';
import { describeState, remark } from './output.js';

/** What was seen of an image that was started to see whether it boots. */
export interface Boot {
  readonly run: RunRecord;
  /** It became ready, or came to a good end by itself. */
  readonly ok: boolean;
  readonly firstLine?: string;
  readonly firstSample?: Sample;
}

/** As much of a console as a first line is looked for in. */
const MAX_LISTENED = 4096;

/** Starts an image that is being added, as any run, and stops it once it is ready. @throws PerigeeError `image-*` or `run-refused`. */
export async function bootOnce(control: GatewayControl, image: string, ending: AbortSignal): Promise<Boot> {
  const id = newRunId();
  const news = control.run({ id, image, pending: true })[Symbol.asyncIterator]();
  let step = await news.next();
  const stop = (): void => void control.stop(id).catch((error: unknown) => remark(reasonOf(error)));
  ending.addEventListener('abort', stop, { once: true });
  if (ending.aborted) stop();
  let run: RunRecord | undefined;
  let printed = '';
  let firstSample: Sample | undefined;
  let ready = false;
  for (; step.done !== true; step = await news.next()) {
    const item: RunNews = step.value;
    if (item.kind === 'console') {
      if (printed.length < MAX_LISTENED) printed += item.text;
      continue;
    }
    if (item.kind === 'report') firstSample ??= item.samples[0];
    else if (item.run.state.kind === 'queued' && item.run.state.why) remark(describeState(item.run));
    run = item.run;
    if (!ready && run.boot.readyMs !== undefined) {
      ready = true;
      // Its own end, if it comes first, tells more.
      if (!isEnded(run)) stop();
    }
  }
  ending.removeEventListener('abort', stop);
  if (!run) throw new Error('a run has news');
  const firstLine = printed
    .split('\n')
    .map(clean)
    .find((line) => line !== '');
  return {
    ...{ run, ok: !ending.aborted && isGood(run, ready) },
    ...(firstLine === undefined ? {} : { firstLine }),
    ...(firstSample && { firstSample }),
  };
}

const clean = (line: string): string => harmless(line).trim();

/** It was stopped because it was ready, or ended well by itself. */
function isGood({ state }: RunRecord, ready: boolean): boolean {
  if (state.kind !== 'ended') return false;
  return state.reason.kind === 'completed' || (ready && state.reason.kind === 'killed-by-user');
}
