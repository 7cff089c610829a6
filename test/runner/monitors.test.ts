import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseGatewayId, type VmSpec } from '../../src/domain/index.js';
import { openCatalogue, qemuSpec, vmSpec } from '../../src/images/index.js';
import { BUILT_IMAGES, newRunId } from '../../src/platform/index.js';
import { markOf, markedProcesses } from '../../src/runner/marks.js';
import { startVm } from '../../src/runner/monitors.js';
import { monitorContract } from '../contracts/monitor-contract.js';
import { mirageFolder, solo5Image } from '../images/support-solo5.js';
import { tempFolder } from '../support/temp.js';
import { eventually } from './support-runner.js';

const folder = tempFolder('monitors');
const host = { architecture: 'x86_64', accelerator: 'tcg' } as const;
mirageFolder(folder, 'spt', solo5Image({ target: 2 }));
mirageFolder(folder, 'hvt', solo5Image({ target: 1 }));
let fakes = 0;

/** A program in the monitor's place. */
function fake(script: string | undefined): string {
  const program = join(folder, `monitor-${++fakes}`);
  if (script === undefined) return program;
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
}

const SPECS: Readonly<Record<VmSpec['monitor'], () => Promise<VmSpec>>> = {
  qemu: async () => qemuSpec(await openCatalogue(BUILT_IMAGES).get('hello'), '', newRunId(), host),
  'solo5-hvt': async () => vmSpec(await openCatalogue(folder).get('hvt'), '', newRunId(), host),
  'solo5-spt': async () => vmSpec(await openCatalogue(folder).get('spt'), '', newRunId(), host),
};

for (const [monitor, specOf] of Object.entries(SPECS)) {
  describe(`the monitor ${monitor}`, () => {
    monitorContract((claim, test) => {
      it(claim, async () => {
        const spec = await specOf();
        assert.equal(spec.monitor, monitor);
        const options = { searchPath: process.env['PATH'] ?? '', mark: 'contract' };
        await test((script, listener) => startVm({ ...spec, program: fake(script) }, listener, options));
      });
    });
  });
}

describe('a tender that is killed while its disk is copied', () => {
  it('leaves no copier', async () => {
    // To open a pipe that nobody writes to takes as long as the largest of disks.
    const path = join(folder, 'disk');
    execFileSync('mkfifo', [path]);
    const spec = await SPECS['solo5-spt']();
    assert.ok(spec.monitor !== 'qemu');
    const block = { name: 'storage', path, scratch: join(folder, 'scratch') };
    const gateway = parseGatewayId('00000000000000ab');
    const mark = markOf(gateway, newRunId(), false);
    const listener = { event: () => undefined, console: () => undefined, channel: () => undefined };
    const vm = startVm(
      { ...spec, program: fake('echo up'), block },
      { ...listener, network: () => ({ taken: 0, dropped: 0 }) },
      { searchPath: process.env['PATH'] ?? '', mark },
    );
    let signal: string | undefined;
    void vm.exited.then((exit) => (signal = exit.signal));
    await eventually('it copies', () => markedProcesses(gateway).length === 2);
    vm.kill('SIGKILL');
    await eventually('it has ended', () => signal === 'SIGKILL');
    await eventually('so has the copier', () => markedProcesses(gateway).length === 0);
  });
});
