import { parseImageName, parseRunId } from '../../src/domain/index.js';
import type { AdmissionRequest, Clock } from '../../src/domain/index.js';

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
