import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  TRIAL_ARGS,
  TRIAL_IMAGE,
  createAccelerator,
  type AcceleratorChooser,
  type AcceleratorParts,
  type TrialGuest,
} from '../../src/accelerator/index.js';
import type { FirstReport, Image, RunId } from '../../src/domain/index.js';
import { QEMU_PROGRAMS, openCatalogue, qemuSpec } from '../../src/images/index.js';
import { createGuestDecoder } from '../../src/metrics/index.js';
import { BUILT_IMAGES, hostArchitecture, systemClock } from '../../src/platform/index.js';
import { firstReport } from '../../src/runner/trial.js';
import { SILENT } from '../support/loggers.js';

export const PROGRAM = QEMU_PROGRAMS[hostArchitecture()];
const NO_RUN = '0000000000000000' as RunId;

export interface ChooserOptions extends Partial<AcceleratorParts> {
  readonly folder: string;
  /** Where a fake QEMU lies; absent for the real one. */
  readonly qemuDirectory?: string;
}

/** A chooser over the real trial guest and, where no fake is given, real QEMU and the real /dev/kvm. */
export function chooser({ folder, qemuDirectory, ...parts }: ChooserOptions): AcceleratorChooser {
  const architecture = hostArchitecture();
  return createAccelerator({
    ...{ guestArchitecture: architecture, hostArchitecture: architecture },
    ...{ clock: systemClock, logger: SILENT, noteFile: join(folder, 'accelerator.json') },
    searchPath: process.env['PATH'] ?? '',
    guest: () => trialGuest(qemuDirectory),
    firstReport: async (spec, stopped) =>
      firstReport(
        spec,
        createGuestDecoder({ image: (await image()).name }),
        { searchPath: process.env['PATH'] ?? '' },
        stopped,
      ),
    ...parts,
  });
}

const image = (): Promise<Image> => openCatalogue(BUILT_IMAGES).get(TRIAL_IMAGE);

/** The guest that the gateway tries with. */
export async function trialGuest(qemuDirectory?: string): Promise<TrialGuest> {
  const architecture = hostArchitecture();
  const hello = await image();
  await openCatalogue(BUILT_IMAGES).verify(hello, architecture);
  return {
    kernelSha256: hello.boot[architecture]?.kernel?.sha256 ?? '',
    spec: (accelerator) => qemuSpec(hello, TRIAL_ARGS, NO_RUN, { architecture, accelerator, qemuDirectory }),
  };
}

/** A file in the place of /dev/kvm, which opens. */
export function openDevice(folder: string): string {
  const path = join(folder, 'kvm');
  writeFileSync(path, '');
  return path;
}

/** A program in QEMU's place. */
export function fakeQemu(folder: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, PROGRAM), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, PROGRAM), 0o755);
  return folder;
}

/** Real QEMU and TCG, but `kvm` when it is asked for KVM. */
export function withKvm(kvm: string): string {
  return `case " $* " in *" -accel kvm "*) ${kvm} ;; esac\nexec ${PROGRAM} "$@"`;
}

/** In KVM's place the real guest under TCG with another option: with fewer or more rounds, a KVM of any speed. */
export function kvmWith(option: string): string {
  const argument = `case $a in kvm) a=tcg ;; host*) a=max ;; loop=*) a=${option} ;; esac`;
  return withKvm(`for a in "$@"; do shift; ${argument}; set -- "$@" "$a"; done`);
}

/** A report whose loop took so long. */
export function reported(loopMs: number): FirstReport {
  const series = { name: 'guest_loop', labels: { image: 'hello' }, unit: 'milliseconds' } as const;
  return { kind: 'reported', samples: [{ series, value: loopMs }] };
}

/** The trials of `owner` that are there now. */
export function trialsOf(owner: number): readonly string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(`perigee-trial-${owner}-`);
    } catch {
      // No process, or one that has just ended.
      return false;
    }
  });
}
