import type { Clock, LineDecoder, GuestDecoder, Image, RunRecord, VmSpec } from '../domain/index.js';
import type { Report } from './hearing.js';
import type { Vm, VmListener } from './monitor.js';
import type { ReadyGuest } from './pool.js';
import type { Starting } from './starting.js';

/** Keeps what one guest prints. */
export interface ConsoleLog extends Disposable {
  append(chunk: Uint8Array): void;
}

/** What one run is given: what it is to run, the means, and whom it tells. */
export interface RunParts {
  readonly image: Image;
  readonly spec: VmSpec;
  readonly starting: Starting;
  /** Undefined for a guest that does not survive its gateway. */
  readonly adoptVm: (spec: VmSpec, processId: number, listener: VmListener) => Vm | undefined;
  /** A guest that was kept ready for just this, if there was one. */
  readonly ready: ReadyGuest | undefined;
  readonly clock: Clock;
  /** For the frames of its channel, if it has one. */
  readonly decoder: () => GuestDecoder;
  /** For lines of metrics, on its console or by its network. */
  readonly lines: () => LineDecoder;
  readonly log: ConsoleLog;
  /** What `stop` sends first. */
  readonly stopFrame: Uint8Array;
  /** Called on every change of the record. */
  readonly changed: (run: RunRecord) => void;
  readonly report: (run: RunRecord, report: Report) => void;
  readonly console: (run: RunRecord, text: string) => void;
  /** The accelerator failed under it, and it is started again without. */
  readonly fellBack: (run: RunRecord, why: string) => void;
}
