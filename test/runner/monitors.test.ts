import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { VmSpec } from '../../src/domain/index.js';
import { openCatalogue, qemuSpec, vmSpec } from '../../src/images/index.js';
import { BUILT_IMAGES, newRunId } from '../../src/platform/index.js';
import { startVm } from '../../src/runner/monitors.js';
import { monitorContract } from '../contracts/monitor-contract.js';
import { mirageFolder, solo5Image } from '../images/support-solo5.js';
import { tempFolder } from '../support/temp.js';

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
