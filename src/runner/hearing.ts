import { TokenBucket } from '../domain/index.js';
import type { Clock, LineDecoder, ConsoleEnds, GuestDecoder, GuestEvent } from '../domain/index.js';
import type { Taking } from './monitor.js';
import { createConsoleReader, type ConsoleReader, type ConsoleSign } from './console-ends.js';

/** Ten times what the shortest window gives; a flood beyond it is counted and dropped, and costs the other guests nothing. */
const REPORTS_PER_SECOND = 100;
const REPORTS_AT_ONCE = 200;

/** Ten reports a second of a full guest: windows are no shorter. */
const SAMPLES_PER_SECOND = 1280;
const SAMPLES_AT_ONCE = 2 * SAMPLES_PER_SECOND;

const NOT_TAKEN = 'values that were no finite numbers, or over a limit, were dropped';
const TOO_FAST = `more than ${REPORTS_PER_SECOND} reports or ${SAMPLES_PER_SECOND} values a second were dropped`;

export type Report = Extract<GuestEvent, { kind: 'report' }>;

/** What a guest was heard to say, by whatever way. */
export type Heard =
  | { readonly kind: 'console'; readonly text: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'hello' }
  | { readonly kind: 'report'; readonly report: Report }
  /** `by`: a frame, whose sender waits to be told to leave, or the console. */
  | { readonly kind: 'done'; readonly status: number; readonly by: 'frame' | 'console' }
  | { readonly kind: 'panic'; readonly detail: string }
  /** Something was not understood, and was dropped. `final`: nothing more will be understood. */
  | { readonly kind: 'bad-frame'; readonly detail: string; readonly final: boolean }
  | { readonly kind: 'dropped'; readonly values: number; readonly detail: string };

export interface HearingParts {
  readonly ends: ConsoleEnds;
  readonly readyText: string | undefined;
  readonly decoder: GuestDecoder;
  /** For a guest that reports by lines on its console. */
  readonly lines: LineDecoder | undefined;
  /** For a guest that reports by its network; may be the same. */
  readonly network: LineDecoder | undefined;
  readonly clock: Clock;
}

/** Makes sense of one guest's bytes, whatever they are, and says what was heard. */
export class Hearing {
  readonly #parts: HearingParts;
  readonly #tell: (heard: Heard) => void;
  readonly #reader: ConsoleReader;
  readonly #consoleText = new TextDecoder();
  readonly #reports = new TokenBucket(REPORTS_PER_SECOND, REPORTS_AT_ONCE);
  readonly #samples = new TokenBucket(SAMPLES_PER_SECOND, SAMPLES_AT_ONCE);
  #refusal: string | undefined;

  constructor(parts: HearingParts, tell: (heard: Heard) => void) {
    this.#parts = parts;
    this.#tell = tell;
    this.#reader = createConsoleReader(parts.ends, parts.readyText);
  }

  console(chunk: Uint8Array): void {
    for (const event of this.#parts.lines?.push(chunk, this.#parts.clock.monotonicUs()) ?? [])
      this.#onGuest(event);
    const text = this.#consoleText.decode(chunk, { stream: true });
    this.#reader.push(text).forEach((sign) => this.#onSign(sign));
    this.#tell({ kind: 'console', text });
  }

  channel(chunk: Uint8Array): void {
    this.#parts.decoder.push(chunk).forEach((event) => this.#onGuest(event));
  }

  network(lines: Uint8Array): Taking {
    let [taken, dropped] = [0, 0];
    let fault: string | undefined;
    for (const event of this.#parts.network?.pushWhole(lines, this.#parts.clock.monotonicUs()) ?? []) {
      if (event.kind === 'report') [taken, dropped] = [taken + event.samples.length, dropped + event.dropped];
      if (event.kind === 'refused') fault ??= event.detail;
      this.#onGuest(event);
    }
    return { taken, dropped, ...(fault === undefined ? {} : { fault }) };
  }

  /** The guest has gone: its last line may have no end. */
  end(): void {
    this.#reader.end().forEach((sign) => this.#onSign(sign));
  }

  #onSign(sign: ConsoleSign): void {
    this.#tell(sign.kind === 'done' ? { ...sign, by: 'console' } : sign);
  }

  #onGuest(event: GuestEvent): void {
    switch (event.kind) {
      case 'hello':
        return this.#tell({ kind: 'hello' });
      case 'report':
        return this.#onReport(event);
      case 'done':
        return this.#tell({ ...event, by: 'frame' });
      case 'bad-frame':
        return this.#tell(event);
      case 'refused':
        this.#refusal = event.detail;
    }
  }

  #onReport(report: Report): void {
    const nowUs = this.#parts.clock.monotonicUs();
    const { dropped, samples } = report;
    const taken = this.#reports.take(1, nowUs) && this.#samples.take(samples.length, nowUs);
    if (dropped > 0) this.#tell({ kind: 'dropped', values: dropped, detail: this.#refusal ?? NOT_TAKEN });
    this.#refusal = undefined;
    if (!taken) this.#tell({ kind: 'dropped', values: samples.length, detail: TOO_FAST });
    if (taken && samples.length > 0) this.#tell({ kind: 'report', report });
  }
}
