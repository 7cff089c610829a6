import type { FirstReport, GuestDecoder, QemuSpec } from '../domain/index.js';
import { lastWords } from './lifecycle.js';
import type { VmListener } from './monitor.js';
import { startVm, type StartOptions } from './monitors.js';

/** No gateway's: a trial is known by its own name, and ended by the next one. */
const TRIAL_MARK = 'trial';

/**
 * Starts a guest, waits for its first report, and kills it. No run: no journal, no log, no record, and no polite end.
 * Resolves when QEMU has been reaped.
 */
export async function firstReport(
  spec: QemuSpec,
  decoder: GuestDecoder,
  options: Pick<StartOptions, 'searchPath' | 'cell'>,
  stopped: AbortSignal,
): Promise<FirstReport> {
  const heard: { first?: FirstReport } = {};
  const listener: VmListener = {
    event(event) {
      // Nobody but QEMU itself stops this guest: an internal error of KVM's leaves a process that does nothing, for ever.
      if (event.kind === 'paused') settle({ kind: 'paused', detail: '' });
    },
    console: () => undefined,
    network: () => ({ taken: 0, dropped: 0 }),
    channel(chunk) {
      for (const event of decoder.push(chunk))
        if (event.kind === 'report') settle({ kind: 'reported', samples: event.samples });
    },
  };
  const vm = startVm(spec, listener, { ...options, mark: TRIAL_MARK });
  const settle = (first: FirstReport): void => {
    heard.first ??= first;
    vm.kill('SIGKILL');
  };
  const giveUp = (): void => settle({ kind: 'late' });
  stopped.addEventListener('abort', giveUp, { once: true });
  if (stopped.aborted) giveUp();

  const { code, signal, missing, ...exit } = await vm.exited;
  const stderr = lastWords(exit.stderr);
  stopped.removeEventListener('abort', giveUp);
  if (missing) return { kind: 'ended', detail: `${spec.program} is not installed` };
  if (heard.first?.kind === 'paused') return { kind: 'paused', detail: stderr };
  if (heard.first !== undefined) return heard.first;
  const how = signal === undefined ? `status ${code ?? 'unknown'}` : `signal ${signal}`;
  return { kind: 'ended', detail: stderr === '' ? `${how}, without a word` : stderr };
}
