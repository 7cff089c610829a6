import type { Confinement } from '../confinement/index.js';
import { TRIAL_ARGS, TRIAL_IMAGE, createAccelerator, type AcceleratorChooser } from '../accelerator/index.js';
import { parseRunId, type Clock, type Logger } from '../domain/index.js';
import { qemuSpec, type Catalogue, type HostChoices } from '../images/index.js';
import { createGuestDecoder } from '../metrics/index.js';
import { acceleratorNote, hostArchitecture, newRunId } from '../platform/index.js';
import { firstReport } from '../runner/index.js';

export interface ChooserParts {
  readonly dataDirectory: string;
  readonly catalogue: Catalogue;
  readonly host: Pick<HostChoices, 'architecture' | 'qemuDirectory'>;
  /** The value of PATH. */
  readonly searchPath: string;
  /** A trial is to show what runs will meet. */
  readonly confinement: Pick<Confinement, 'cell'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A trial is no run, and is in no journal. */
const NO_RUN = parseRunId('0'.repeat(16));

/** The accelerator that this board's own guest was seen to run best with. */
export function boardAccelerator({
  catalogue,
  confinement,
  dataDirectory,
  host,
  ...parts
}: ChooserParts): AcceleratorChooser {
  const { architecture } = host;
  return createAccelerator({
    ...parts,
    guestArchitecture: architecture,
    hostArchitecture: hostArchitecture(),
    noteFile: acceleratorNote(dataDirectory),
    async guest() {
      const image = await catalogue.get(TRIAL_IMAGE);
      await catalogue.verify(image, architecture);
      return {
        kernelSha256: image.boot[architecture]?.kernel?.sha256 ?? '',
        spec: (accelerator) => qemuSpec(image, TRIAL_ARGS, NO_RUN, { ...host, accelerator }),
      };
    },
    firstReport: async (spec, stopped) => {
      const { name } = await catalogue.get(TRIAL_IMAGE);
      const { searchPath } = parts;
      const cell = confinement.cell(spec, newRunId());
      return firstReport(spec, createGuestDecoder({ image: name }), { searchPath, cell }, stopped);
    },
  });
}
