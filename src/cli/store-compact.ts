import type { CompactionProgress } from '../domain/index.js';
import type { CommonOptions } from './options.js';
import { formatValue, print, printJson } from './output.js';
import { progressBar } from './progress.js';
import { compacted } from './store-access.js';

type Env = Readonly<Record<string, string | undefined>>;

export async function compact(env: Env, options: CommonOptions): Promise<number> {
  const show = progressBar('compacting');
  let end: CompactionProgress | undefined;
  for await (const progress of compacted(env, options)) {
    end = progress;
    show(progress.done / progress.steps);
  }
  if (end === undefined) return 0;
  const { beforeBytes, nowBytes } = end;
  if (options.json) printJson({ beforeBytes, nowBytes });
  else
    print(
      `the store's tables took ${formatValue(beforeBytes, 'bytes')}, and take ${formatValue(nowBytes, 'bytes')}`,
    );
  return 0;
}
