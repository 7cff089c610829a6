import { parseImageName, parseRunId } from '../../src/domain/index.js';
import type {
  AdmissionRequest,
  Clock,
  RunId,
  Schedule,
  ScheduleRecord,
  Trigger,
} from '../../src/domain/index.js';

/** Time that passes when a test says so. */
export class FakeClock implements Clock {
  monotonicMs = 1000;
  wall = Date.UTC(2026, 5, 1, 12);

  monotonicUs(): number {
    return this.monotonicMs * 1000;
  }

  wallMs(): number {
    return this.wall;
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
    this.wall += ms;
  }
}

let made = 0;

export function request(
  changes: Partial<AdmissionRequest> & { readonly name?: string } = {},
): AdmissionRequest {
  made += 1;
  const { name = 'hello', ...rest } = changes;
  const id = parseRunId(made.toString(16).padStart(16, '0'));
  return { id, image: parseImageName(name), memoryMib: 4, vcpus: 1, priority: 0, ...rest };
}

export const runId = (digit: string): RunId => parseRunId(digit.padStart(16, '0'));

export function schedule(trigger: Trigger, changes: Partial<Schedule> = {}): Schedule {
  return {
    ...{
      name: 'often',
      image: parseImageName('hello'),
      trigger,
      jitterMs: 0,
      missed: 'skip',
      overlap: 'skip',
    },
    ...{ restart: 'never', priority: 0 },
    ...changes,
  };
}

export function recordOf(made: Schedule, changes: Partial<ScheduleRecord> = {}): ScheduleRecord {
  return { schedule: made, createdAtMs: Date.UTC(2026, 5, 1, 12), paused: false, ...changes };
}
