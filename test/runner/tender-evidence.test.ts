import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndReason } from '../../src/domain/index.js';
import { QUEUED, step, type RunEvent } from '../../src/runner/lifecycle.js';
import { tenderEvidence, tenderWords } from '../../src/runner/tender-evidence.js';

interface End {
  readonly code?: number;
  readonly signal?: string;
  readonly stderr?: string;
  /** Has the guest printed anything? */
  readonly spoke?: boolean;
  readonly monitor?: 'solo5-hvt' | 'solo5-spt';
}

/** The reason that the life cycle makes of a tender's end. */
function reasonOf({ code, signal, stderr = '', spoke = true, monitor = 'solo5-spt' }: End): EndReason {
  const exit = { code, signal, stderr };
  const told = tenderEvidence(monitor, exit, spoke).map((event): RunEvent => {
    if (event.kind === 'ended') return { kind: 'done', status: event.status };
    return event.kind === 'panicked' ? { kind: 'panic', detail: event.detail } : assert.fail(event.kind);
  });
  const printed: readonly RunEvent[] = spoke ? [{ kind: 'console' }] : [];
  const words = tenderWords(monitor, stderr);
  const events: readonly RunEvent[] = [
    ...[{ kind: 'spawned' } as const, ...printed, ...told],
    { kind: 'exited', exit: { ...exit, stderr: words } },
  ];
  const { state } = events.reduce(step, QUEUED);
  return state.kind === 'ended' ? state.reason : assert.fail(state.kind);
}

describe("a tender's end", () => {
  it("is the guest's own status, which it passes on", () => {
    assert.deepEqual(reasonOf({ code: 0 }), { kind: 'completed' });
    assert.deepEqual(reasonOf({ code: 7 }), { kind: 'exit-code', code: 7 });
    assert.deepEqual(reasonOf({ code: 1 }), { kind: 'exit-code', code: 1 });
    assert.deepEqual(reasonOf({ code: 0, spoke: false }), { kind: 'completed' }, 'a guest need not print');
  });

  it('is a crash after an abort', () => {
    assert.deepEqual(reasonOf({ code: 255 }), {
      kind: 'crashed',
      detail: 'the guest aborted (status 255)',
    });
    assert.equal(reasonOf({ code: 255, stderr: 'solo5-hvt: dumpcore: core.1' }).kind, 'crashed');
  });

  it('is a refusal, in its own words, where it complains before the guest has run', () => {
    const words = 'solo5-spt: x: Executable is not for the solo5-spt target';
    assert.deepEqual(reasonOf({ code: 1, stderr: `${words}\n`, spoke: false }), {
      kind: 'host-refused',
      detail: words,
    });
    const shell = 'sh: 3: exec: solo5-spt: not found';
    assert.equal(reasonOf({ code: 127, stderr: shell, spoke: false }).kind, 'host-refused');
  });

  it('is a refusal by what is wrong with an option, and not by the help that follows', () => {
    const usage = [
      'usage: solo5-spt [ CORE OPTIONS ] [ -- ] KERNEL [ ARGS ]',
      'Compiled-in module options:',
      '    --net:NAME=IFACE | @NN (attach tap at IFACE or at fd @NN as network NAME)',
      '      [ --net-mac:NAME=HWADDR ] (set HWADDR for network NAME)',
    ];
    const refusals: readonly (readonly [words: string, ours: string, help: readonly string[]])[] = [
      [
        'solo5-spt: Could not attach interface: tap9: No such device',
        ' (is it there, and up? ip tuntap add tap9 mode tap)',
        ["solo5-spt: Invalid option: `--net:service=tap9'", ...usage],
      ],
      [
        "solo5-spt: Module `net' setup failed",
        '',
        ['solo5-spt: Please check you have correctly specified:', '    --net:NAME=IFACE'],
      ],
      [
        "solo5-spt: Device 'storage' of type BLOCK_BASIC declared but not attached.",
        '',
        ['solo5-spt: All declared devices must be attached. See --help for syntax.'],
      ],
    ];
    for (const [words, ours, help] of refusals) {
      const stderr = [words, ...help, ''].join('\n');
      const detail = `${words}${ours}`;
      assert.deepEqual(reasonOf({ code: 1, stderr, spoke: false }), { kind: 'host-refused', detail });
    }
  });

  it('is a crash, in its own words, where it complains in the middle', () => {
    const reason = reasonOf({ code: 1, stderr: 'Fatal error when reading: Input/output error\n' });
    assert.deepEqual(reason, { kind: 'crashed', detail: 'Fatal error when reading: Input/output error' });
  });

  it('says what to do where KVM failed under it', () => {
    for (const spoke of [true, false]) {
      const stderr = 'solo5-hvt: KVM: unhandled exit: internal error';
      assert.match(
        JSON.stringify(reasonOf({ code: 1, stderr, spoke, monitor: 'solo5-hvt' })),
        /built for spt/,
      );
    }
    const stderr = 'solo5-hvt: Could not open: /dev/kvm: No such file or directory';
    const reason = reasonOf({ code: 1, stderr, spoke: false, monitor: 'solo5-hvt' });
    assert.match(JSON.stringify(reason), /host-refused.*\/dev\/kvm.*built for spt/);
  });

  it('tells a fault of a guest from what its filter forbids, and from somebody who killed it', () => {
    const detail = (signal: string, monitor: End['monitor'] = 'solo5-spt'): string => {
      const reason = reasonOf({ signal, monitor });
      return reason.kind === 'crashed' ? reason.detail : assert.fail(reason.kind);
    };
    assert.equal(detail('SIGSYS'), 'the guest made a system call that solo5-spt forbids');
    assert.equal(detail('SIGSEGV'), 'the guest faulted (SIGSEGV)');
    assert.equal(detail('SIGSEGV', 'solo5-hvt'), 'solo5-hvt ended with signal SIGSEGV');
    assert.equal(detail('SIGKILL'), 'solo5-spt ended with signal SIGKILL');
    assert.equal(reasonOf({ signal: 'SIGSYS', spoke: false }).kind, 'crashed', 'a quiet guest');
  });

  it('is want of memory where the tender says so', () => {
    const stderr = 'solo5-hvt: Error allocating guest memory: Cannot allocate memory';
    assert.deepEqual(reasonOf({ code: 1, stderr, spoke: false, monitor: 'solo5-hvt' }), {
      kind: 'out-of-memory',
    });
  });
});
