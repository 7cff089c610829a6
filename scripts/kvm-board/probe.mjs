// What the emulated board runs: the gateway's own choice of an accelerator, with its own runner, twice: once by trial and
// once as it remembers it. Prints one line of JSON a choice, behind a mark.
import { readFileSync, readdirSync } from 'node:fs';
import { TRIAL_ARGS, TRIAL_IMAGE, createAccelerator } from '../../dist/src/accelerator/index.js';
import { openCatalogue, vmSpec } from '../../dist/src/images/index.js';
import { createGuestDecoder } from '../../dist/src/metrics/index.js';
import { BUILT_IMAGES, createLogger, hostArchitecture, systemClock } from '../../dist/src/platform/index.js';
import { firstReport } from '../../dist/src/runner/trial.js';

const say = (kind, value) => console.log(`@@ ${kind} ${JSON.stringify(value)}`);

const architecture = hostArchitecture();
const catalogue = openCatalogue(BUILT_IMAGES);
const image = await catalogue.get(TRIAL_IMAGE);
const accelerator = createAccelerator({
  ...{ guestArchitecture: architecture, hostArchitecture: architecture, searchPath: process.env.PATH },
  ...{ noteFile: '/tmp/accelerator.json', clock: systemClock, logger: createLogger('warn') },
  guest: async () => {
    await catalogue.verify(image, architecture);
    const spec = (accelerator) => vmSpec(image, TRIAL_ARGS, '0'.repeat(16), { architecture, accelerator });
    return { kernelSha256: image.boot[architecture].kernel.sha256, spec };
  },
  firstReport: (spec, stopped) =>
    firstReport(spec, createGuestDecoder({ image: image.name }), { searchPath: process.env.PATH }, stopped),
});

say('board', {
  kernel: readFileSync('/proc/version', 'utf8').split(' ')[2],
  node: process.version,
  architecture,
  vgic: /vgic/.test(readFileSync('/proc/interrupts', 'utf8')),
});
for (const round of ['by trial', 'remembered']) {
  const begin = performance.now();
  const choice = await accelerator.choose();
  say('choice', { round, tookMs: Math.round(performance.now() - begin), ...choice });
}
say(
  'left',
  readdirSync('/proc').filter((id) => /^\d+$/.test(id) && isTrial(id)),
);

function isTrial(id) {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'latin1').includes('perigee-trial-');
  } catch {
    // It has just ended.
    return false;
  }
}
