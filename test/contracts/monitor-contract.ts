import assert from 'node:assert/strict';
import type { Vm, VmListener } from '../../src/runner/monitor.js';
import { eventually, isAlive } from '../runner/support-runner.js';

/** What a monitor was heard to say. */
export interface Ears extends VmListener {
  readonly said: { console: string; readonly events: string[] };
}

/** Starts the monitor over a program that does what the shell script says; `undefined`: there is no such program. */
export type StartMonitor = (script: string | undefined, listener: VmListener) => Vm;

/** Registers a test. */
export type WithMonitor = (claim: string, test: (start: StartMonitor) => Promise<void>) => void;

function ears(): Ears {
  const said = { console: '', events: [] as string[] };
  return {
    said,
    event: ({ kind }) => said.events.push(kind),
    console: (chunk) => void (said.console += Buffer.from(chunk).toString()),
    channel: () => undefined,
    network: () => ({ taken: 0, dropped: 0 }),
  };
}

/** What every monitor does, whatever program it is and whatever protocol that speaks. */
export function monitorContract(withMonitor: WithMonitor): void {
  withMonitor('that is not installed says so, and has no process', async (start) => {
    const vm = start(undefined, ears());
    assert.equal(vm.processId, undefined);
    assert.equal((await vm.exited).missing, true);
  });

  withMonitor('delivers all that its guest printed before it tells its end', async (start) => {
    const heard = ears();
    const { code, missing } = await start('seq 1 5000; exit 3', heard).exited;
    assert.deepEqual([code, missing], [3, false]);
    assert.equal(heard.said.console.split('\n').length, 5001);
    assert.ok(heard.said.console.endsWith('\n5000\n'));
  });

  withMonitor(
    'has ended when its program has, whatever that started holds what it prints to',
    async (start) => {
      const heard = ears();
      let ended: number | undefined;
      const vm = start('sleep 60 & echo $!; exit 3', heard);
      void vm.exited.then(({ code }) => (ended = code));
      await eventually('it has ended', () => ended === 3);
      const child = Number(heard.said.console);
      if (isAlive(child)) process.kill(child, 'SIGKILL');
    },
  );

  withMonitor('keeps what its program complains of, and takes it for no word of the guest', async (start) => {
    const heard = ears();
    const exit = await start('echo "it is broken" >&2; exit 1', heard).exited;
    assert.match(exit.stderr, /it is broken/);
    assert.equal(heard.said.console, '');
  });

  withMonitor('ends with the signal that it is sent', async (start) => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const vm = start('echo up; exec sleep 600', ears());
      vm.kill(signal);
      assert.equal((await vm.exited).signal, signal);
    }
  });

  withMonitor('is given the path and its mark, and nothing else of ours', async (start) => {
    const heard = ears();
    await start('tr "\\0" "\\n" < /proc/self/environ', heard).exited;
    const names = heard.said.console.split('\n').map((line) => line.split('=')[0]);
    assert.deepEqual(names.filter((name) => name !== '' && name !== 'PWD').sort(), ['PATH', 'PERIGEE_RUN']);
  });
}
