// What the emulated board runs: a guest of ours under KVM, confined as a service's would be, and then without memory.
// Prints one line of JSON about it, behind a mark.
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Confinement, boardMeans } from '../../dist/src/confinement/index.js';
import { openCatalogue, vmSpec } from '../../dist/src/images/index.js';
import {
  BUILT_IMAGES,
  createLogger,
  hostArchitecture,
  newRunId,
  systemClock,
} from '../../dist/src/platform/index.js';
import { runHelper } from '../../dist/src/runner/index.js';
import { startVm } from '../../dist/src/runner/monitors.js';

/** The guest has reported, and what is limited last is limited. */
const SETTLED_MS = 5000;
const GROUP = '/sys/fs/cgroup/perigee.service';

const confinement = new Confinement({
  ...boardMeans('each', true),
  ...{ folders: '/tmp/runs', searchPath: process.env.PATH, run: runHelper, clock: systemClock },
  logger: createLogger('warn'),
});
const slot = newRunId();
const image = await openCatalogue(BUILT_IMAGES).get('hello');
const architecture = hostArchitecture();
const spec = vmSpec(image, 'stay=1', slot, { architecture, accelerator: 'kvm' });
let console = '';
const listener = {
  event: () => undefined,
  channel: () => undefined,
  console: (chunk) => (console += Buffer.from(chunk).toString()),
};
const vm = startVm(spec, listener, {
  ...{ searchPath: process.env.PATH, mark: 'board', cell: confinement.cell(spec, slot) },
});
await delay(SETTLED_MS);

const proc = (file) => readFileSync(`/proc/${vm.processId}/${file}`, 'utf8');
const field = (file, name) => new RegExp(`^${name}:?\\s+(.*?)\\s*$`, 'm').exec(proc(file))?.[1];
const group = (file) => readFileSync(`${GROUP}/perigee-run-${slot}/${file}`, 'utf8').trim();
const found = {
  ready: / ready/.test(console),
  user: field('status', 'Uid'),
  kvmGroup: field('status', 'Gid'),
  seccomp: field('status', 'Seccomp'),
  ownGroup: proc('cgroup').includes(`/perigee-run-${slot}`),
  limits: ['memory.max', 'pids.max', 'cpu.max', 'memory.oom.group'].map(group),
  memory: group('memory.current'),
  fileSize: field('limits', 'Max file size'),
  safeguards: confinement.safeguards().filter(({ active }) => !active),
};
// All that it has is more than this.
writeFileSync(`${GROUP}/perigee-run-${slot}/memory.max`, '1M');
const { signal, outOfMemory } = await vm.exited;
process.stdout.write(`@@ confinement ${JSON.stringify({ ...found, signal, outOfMemory })}\n`);
