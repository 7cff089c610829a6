import { readFile, rename, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { PerigeeError, reasonOf } from '../domain/index.js';
import type { Clock, Logger, TimeKeeper, TimeSource } from '../domain/index.js';
import { bootId } from '../platform/index.js';
import { isClockSet } from '../scheduler/index.js';
import type { SystemTime } from './system-time.js';

/** What a phone measures of its link is no better: less is no difference. */
const LEAST_MS = 1000;
/** Wall time and monotonic time run alike (NTP slews both); a step of more says that somebody has set the clock. */
const STEP_MS = 500;
/** 2100: a phone that is wrong by so much would end every grant. */
const LATEST_MS = Date.UTC(2100, 0, 1);
/** Two clocks that are read so fast one after the other belong together; a board that is busy needs some tries. */
const TOGETHER_US = 50_000;
const READING_TRIES = 3;
/** NTP does not come and go by the second, and a phone may ask often. */
const ASK_AGAIN_US = 10e6;

const noteSchema = v.strictObject({
  /** Linux's boot id: a board that was started again has lost its time again. */
  boot: v.string(),
  /** How far the system's clock was behind; 0 where it could be set itself. */
  behindMs: v.pipe(v.number(), v.finite()),
  /** The system's wall time less monotonic time: while it is the same, nobody has set the clock since. */
  systemOffsetMs: v.pipe(v.number(), v.finite()),
});
type Note = Readonly<v.InferOutput<typeof noteSchema>>;

interface BoardClockParts {
  readonly system: Clock;
  readonly systemTime: SystemTime;
  /** Where a phone's word is kept, for a gateway that is started again. */
  readonly notePath: string;
  readonly logger: Logger;
}

/**
 * The board's clock, put right by a technician's phone where nothing else keeps it. The phone's word holds until the
 * board's clock is set by somebody, or the board is started anew.
 */
export class BoardClock implements Clock, TimeKeeper {
  readonly #parts: BoardClockParts;
  readonly #boot: string;
  #note: Note | undefined;
  #kept: { readonly answer: boolean | undefined; readonly askedUs: number } | undefined;

  private constructor(parts: BoardClockParts, boot: string, note: Note | undefined) {
    this.#parts = parts;
    this.#boot = boot;
    this.#note = boot !== '' && note?.boot === boot ? note : undefined;
  }

  static async open(parts: BoardClockParts): Promise<BoardClock> {
    return new BoardClock(parts, await bootId(), await readNote(parts.notePath));
  }

  monotonicUs(): number {
    return this.#parts.system.monotonicUs();
  }

  wallMs(): number {
    const note = this.#phonesWord();
    return this.#parts.system.wallMs() + (note?.behindMs ?? 0);
  }

  async source(): Promise<TimeSource> {
    if (this.#phonesWord() !== undefined) return 'phone';
    if (!isClockSet({ wallMs: this.#parts.system.wallMs() })) return 'nobody';
    return (await this.#isKept()) === true ? 'network' : 'board';
  }

  async set(wallMs: number): Promise<number> {
    const offsetMs = wallMs - this.monotonicUs() / 1000;
    const kept = await this.#isKept();
    const nowMs = (): number => offsetMs + this.monotonicUs() / 1000;
    const byMs = nowMs() - this.wallMs();
    if (Math.abs(byMs) < LEAST_MS) return 0;
    const refusal = this.#refusalOf(wallMs, kept);
    if (refusal !== undefined) throw new PerigeeError('time-refused', ...refusal);
    const complaint = await this.#parts.systemTime.set(nowMs());
    const systemOffsetMs = this.#systemOffsetMs();
    const leftMs = offsetMs - systemOffsetMs;
    const behindMs = complaint === undefined && Math.abs(leftMs) < LEAST_MS ? 0 : leftMs;
    this.#note = { boot: this.#boot, behindMs, systemOffsetMs };
    const how =
      behindMs === 0 ? 'the system’s clock is set' : `the gateway’s own: ${complaint ?? 'no effect'}`;
    this.#parts.logger.warn({ byMs: Math.round(byMs) }, `a phone has set the time: ${how}`);
    await this.#keep(this.#note);
    return byMs;
  }

  #refusalOf(wallMs: number, kept: boolean | undefined): readonly [string, string] | undefined {
    if (!isClockSet({ wallMs }) || wallMs >= LATEST_MS)
      return ['this is no time that can be', 'See that the phone knows what time it is.'];
    if (kept === true)
      return ['NTP keeps the clock of this board', 'Leave it to NTP; if the time is wrong, see its servers.'];
    const isOurs = this.#phonesWord() !== undefined;
    if (kept === false || isOurs || !isClockSet({ wallMs: this.#parts.system.wallMs() })) return undefined;
    return [
      'the clock of this board is set, and it has nothing that says whether NTP keeps it',
      'Set it on the gateway: date --set.',
    ];
  }

  /** As long as it holds. */
  #phonesWord(): Note | undefined {
    const note = this.#note;
    if (note === undefined || Math.abs(this.#systemOffsetMs() - note.systemOffsetMs) < STEP_MS) return note;
    this.#parts.logger.info({}, 'the clock was set: what a phone said of the time holds no more');
    this.#note = undefined;
    return undefined;
  }

  #systemOffsetMs(): number {
    const { system } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      const beforeUs = system.monotonicUs();
      const wallMs = system.wallMs();
      const tookUs = system.monotonicUs() - beforeUs;
      if (tookUs <= TOGETHER_US || tries === READING_TRIES) return wallMs - (beforeUs + tookUs / 2) / 1000;
    }
  }

  async #isKept(): Promise<boolean | undefined> {
    const nowUs = this.monotonicUs();
    if (this.#kept === undefined || nowUs - this.#kept.askedUs >= ASK_AGAIN_US)
      this.#kept = { answer: await this.#parts.systemTime.isKept(), askedUs: nowUs };
    return this.#kept.answer;
  }

  /** Whole or not at all; where it cannot be written, a gateway that is started again has to be told again. */
  async #keep(note: Note): Promise<void> {
    const { logger, notePath } = this.#parts;
    try {
      await writeFile(`${notePath}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
      await rename(`${notePath}.new`, notePath);
    } catch (error) {
      logger.warn({ path: notePath }, `the time cannot be noted: ${reasonOf(error)}`);
    }
  }
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const parsed = v.safeParse(noteSchema, JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Absent, unreadable or no JSON: nobody has said what time it is.
    return undefined;
  }
}
