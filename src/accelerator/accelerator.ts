import { PerigeeError } from '../domain/index.js';
import type { Architecture, Clock, FirstReport, Logger, QemuSpec } from '../domain/index.js';
import { chooseAccelerator, type Verdict } from './choose.js';
import { lookAtKvm } from './device.js';
import type { Accelerator, Trials } from './evidence.js';
import { fingerprint } from './fingerprint.js';
import { endLeftTrials, trialName } from './leftovers.js';
import { readNote, writeNote } from './notes.js';
import { RACE_LIMITS, raceAccelerators, type RaceLimits } from './race.js';

/** The guest of a trial: the image of this name with these arguments; about 15 ms of work under TCG on a PC. */
export const TRIAL_IMAGE = 'hello';
export const TRIAL_ARGS = 'loop=2000000';

export interface TrialGuest {
  readonly spec: (accelerator: Accelerator) => QemuSpec;
  /** Of the guest's kernel: an answer holds for the bytes that were tried. */
  readonly kernelSha256: string;
}

export interface AcceleratorParts {
  readonly guestArchitecture: Architecture;
  readonly hostArchitecture: Architecture;
  /** The verified guest. @throws PerigeeError where there is none. */
  readonly guest: () => Promise<TrialGuest>;
  /** Resolves when nothing is left of the guest. Aborting `stopped` kills it. */
  readonly firstReport: (spec: QemuSpec, stopped: AbortSignal) => Promise<FirstReport>;
  /** Where a program that is given by name only is found: the value of PATH. */
  readonly searchPath: string;
  /** The file that remembers the answer until the next boot; its folder need not exist. */
  readonly noteFile: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kvmDevice?: string;
  readonly limits?: RaceLimits;
}

export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  /** One line for a person. */
  readonly why: string;
  readonly cure?: string;
  readonly trials?: Trials;
  /** The answer of an earlier trial since this boot. */
  readonly cached: boolean;
}

export interface AcceleratorChooser {
  /** Takes a millisecond when the answer is known, and at most RACE_LIMITS otherwise. Never rejects because of the board. */
  choose(): Promise<AcceleratorChoice>;
}

export function createAccelerator(parts: AcceleratorParts): AcceleratorChooser {
  let going: Promise<AcceleratorChoice> | undefined;
  return {
    // Whoever asks meanwhile gets the same answer: two trials at once would slow each other.
    choose: () => (going ??= choose(parts).finally(() => (going = undefined))),
  };
}

async function choose(parts: AcceleratorParts): Promise<AcceleratorChoice> {
  const { guestArchitecture: guest, hostArchitecture: host } = parts;
  if (guest !== host) return told(chooseAccelerator({ kind: 'foreign', guest, host }));
  const device = await lookAtKvm(parts.kvmDevice ?? '/dev/kvm');
  if (device.kind !== 'opens') return told(chooseAccelerator({ kind: 'no-device', device }));
  try {
    return await chooseByTrial(parts, await parts.guest(), device.stamp);
  } catch (error) {
    if (!(error instanceof PerigeeError)) throw error;
    return told(chooseAccelerator({ kind: 'no-guest', detail: error.message, cure: error.cure }));
  }
}

async function chooseByTrial(
  parts: AcceleratorParts,
  { spec, kernelSha256 }: TrialGuest,
  deviceStamp: string,
): Promise<AcceleratorChoice> {
  const named = (accelerator: Accelerator, name: string): QemuSpec => ({ ...spec(accelerator), name });
  const specs = { tcg: named('tcg', ''), kvm: named('kvm', '') };
  const { searchPath, noteFile, clock, logger } = parts;
  const key = await fingerprint({ specs, kernelSha256, deviceStamp, searchPath });
  const note = key === undefined ? undefined : await readNote(noteFile, key);
  if (note !== undefined)
    return { accelerator: note.accelerator, why: note.why, trials: note.trials, cached: true };

  await endLeftTrials(logger);
  const trials = await raceAccelerators(
    (accelerator, stopped) => parts.firstReport(named(accelerator, trialName(accelerator)), stopped),
    clock,
    parts.limits ?? RACE_LIMITS,
  );
  const verdict = chooseAccelerator({ kind: 'tried', trials });
  const { accelerator, why } = verdict;
  if (verdict.settled && key !== undefined)
    await writeNote(noteFile, { key, accelerator, why, trials }, logger);
  return { ...told(verdict), trials };
}

function told({ accelerator, why, cure }: Verdict): AcceleratorChoice {
  return { accelerator, why, ...(cure === undefined ? {} : { cure }), cached: false };
}
