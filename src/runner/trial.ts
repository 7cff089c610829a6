import type { GuestDecoder, Sample, VmSpec } from '../domain/index.js';
import { lastWords } from './lifecycle.js';
import { startVm } from './qemu.js';
import { createQmpParser } from './qmp.js';

/** How far a guest came that was started only to see whether it runs. */
export type FirstReport =
  | { readonly kind: 'reported'; readonly samples: readonly Sample[] }
  /** QEMU lives and has stopped the guest, as it does at an error of KVM's; `detail` is its own words. */
  | { readonly kind: 'paused'; readonly detail: string }
  /** QEMU ended by itself; `detail` is its own words, or how it ended. */
  | { readonly kind: 'ended'; readonly detail: string }
  /** Nothing was heard of the guest until `stopped` was aborted. */
  | { readonly kind: 'late' };

/**
 * Starts a guest, waits for its first report, and kills it. No run: no journal, no log, no record, and no polite end.
 * Resolves when QEMU has been reaped.
 */
export async function firstReport(
  spec: VmSpec,
  decoder: GuestDecoder,
  stopped: AbortSignal,
): Promise<FirstReport> {
  const heard: { first?: FirstReport } = {};
  const parseQmp = createQmpParser();
  const vm = startVm(spec, {
    qmp(chunk) {
      // Nobody but QEMU itself stops this guest: an internal error of KVM's leaves a process that does nothing, for ever.
      if (parseQmp(chunk).some((message) => message.kind === 'event' && message.name === 'STOP'))
        settle({ kind: 'paused', detail: '' });
    },
    console: () => undefined,
    channel(chunk) {
      for (const event of decoder.push(chunk))
        if (event.kind === 'report') settle({ kind: 'reported', samples: event.samples });
    },
  });
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
