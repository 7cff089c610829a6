import type { perigee } from '@perigee/proto';
import { PerigeeError, endsRun, isEnded, reasonOf } from '../domain/index.js';
import type { Clock, GatewayControl, InvitationTerms, Logger, RunId, RunNews } from '../domain/index.js';
import type { RunRecord, RunRequest, ShownInvitation, Technician, TimeKeeper } from '../domain/index.js';
import { seriesKey } from '../domain/index.js';
import { COMMANDS, begun, includes } from './commands.js';
import type { Result } from './commands.js';
import { newsOf, refusal, runNotice } from './messages.js';
import type { Delivery } from './outbox.js';
import type { SnapshotSources } from './snapshots.js';

/** Commands of one phone that are under way, until their answers have left; and runs of which it is told. */
const MAX_PENDING = 4;
const MAX_FOLLOWED = 4;

interface ErrandsParts {
  readonly control: GatewayControl;
  readonly sources: SnapshotSources;
  readonly access: {
    note(what: { readonly act: 'command'; readonly who: string; readonly detail: string }): void;
    invite(terms: InvitationTerms, invitedBy: string): Promise<ShownInvitation>;
    refuse(reason: string): void;
  };
  readonly clock: Clock;
  readonly time: TimeKeeper;
  readonly logger: Logger;
  readonly offer: (snapshot: Uint8Array) => void;
  readonly say: (said: perigee.v1.Said.$Properties, delivery: Delivery) => void;
}

/** A run of which the phone is told. Whoever leaves its news leaves the run alone. */
interface Followed {
  readonly news: AsyncIterator<RunNews>;
  readonly run: Promise<RunRecord>;
}

/** What is done for the phone of one session. What it has begun goes on after its end, and is told to nobody. */
export class Errands {
  readonly #parts: ErrandsParts;
  readonly #followed = new Map<RunId, Followed>();
  #watched: ReadonlySet<string> = new Set();
  /** What all runs say, once the phone watches something. */
  #news: AsyncIterator<RunNews> | undefined;
  #pending = 0;
  #over = false;

  constructor(parts: ErrandsParts) {
    this.#parts = parts;
  }

  /** There is more to come, though the phone asks for nothing. */
  get isTelling(): boolean {
    return this.#followed.size > 0 || this.#watched.size > 0;
  }

  end(): void {
    this.#over = true;
    for (const { news } of this.#followed.values()) void news.return?.();
    this.#followed.clear();
    void this.#news?.return?.();
  }

  /** Answers the command with what comes of the work, or why nothing does. */
  run(command: number, work: () => Promise<Result>): void {
    if (this.#pending >= MAX_PENDING) {
      const error = refused('too many commands at once', 'Wait for the answers to earlier ones.');
      this.#answer(command, { refusal: refusal(error) });
      return;
    }
    this.#pending += 1;
    const left = (): void => void (this.#pending -= 1);
    work()
      .then((result) => this.#answer(command, result, left))
      .catch((error: unknown) => this.#answer(command, { refusal: refusal(this.#known(error)) }, left));
  }

  /** In place of `run`, for a phone that asks too often. */
  refuseOften(command: number): void {
    this.#parts.access.refuse('commands that come too fast');
    const error = refused('too many commands in too short a time', 'Wait some seconds, and ask less often.');
    this.#answer(command, { refusal: refusal(error) });
  }

  /** @throws PerigeeError `access-refused`, and what the command throws. */
  async obey(command: perigee.v1.Command, technician: Technician | undefined): Promise<Result> {
    const { access, clock, control, sources, time } = this.#parts;
    if (technician === undefined)
      throw refused('this phone may nothing any more', 'Ask to be invited again.');
    if (command.what === undefined) {
      const cure = 'Update the gateway, or use what it knows.';
      throw new PerigeeError('usage', 'this gateway does not know the command', cure);
    }
    if (command.what === 'enrol')
      throw refused('there is nothing to enrol', 'Begin with the handshake of an enrolment.');
    const { act, detail, role } = COMMANDS[command.what];
    if (!includes(technician.role, role)) {
      access.refuse(`a ${technician.role} that asked for what others may`);
      throw refused(`a ${technician.role} may not do this`, 'Ask to be invited as a technician.');
    }
    const note = (what: string): void => access.note({ act: 'command', who: technician.name, detail: what });
    if (detail !== undefined) note(detail(command));
    return act(command, {
      ...{ control, sources, technician, time, note, wallMs: () => clock.wallMs() },
      follow: (request) => this.#follow(request),
      watch: (series) => this.#watch(series),
      invite: (terms) => access.invite(terms, technician.name),
      offer: (snapshot) => {
        if (!this.#over) this.#parts.offer(snapshot);
      },
    });
  }

  /** The run is the gateway's: it goes on when the phone leaves. One that is asked for again is followed already. */
  async #follow(request: RunRequest): Promise<RunRecord> {
    const known = this.#followed.get(request.id);
    if (known !== undefined) return known.run;
    if (this.#followed.size >= MAX_FOLLOWED)
      throw refused('too many runs at once', 'Wait until one of them has ended.');
    const news = this.#parts.control.run(request)[Symbol.asyncIterator]();
    const run = begun(news);
    this.#followed.set(request.id, { news, run });
    try {
      const first = await run;
      if (this.#over || isEnded(first)) this.#leave(request.id, news);
      else void this.#tellAll(request.id, news);
      return first;
    } catch (error) {
      this.#leave(request.id, news);
      throw error;
    }
  }

  #leave(id: RunId, news: AsyncIterator<RunNews>): void {
    this.#followed.delete(id);
    void news.return?.();
  }

  async #tellAll(id: RunId, news: AsyncIterator<RunNews>): Promise<void> {
    try {
      for (let step = await news.next(); step.done !== true; step = await news.next()) {
        if (this.#over) return;
        const { value } = step;
        if (value.kind === 'console') continue;
        const notice = runNotice(value.run, value.kind === 'report' ? value.samples : []);
        this.#parts.say({ run: notice }, { mayBeLost: !isEnded(value.run) });
        // Asked for again from now on, its end is told again.
        if (endsRun(value, id)) return;
      }
    } catch (error) {
      this.#parts.logger.warn({ reason: reasonOf(error) }, 'a phone is not told any more of its run');
    } finally {
      this.#leave(id, news);
    }
  }

  #watch(series: readonly string[]): void {
    this.#watched = new Set(series);
    if (series.length === 0 || this.#news !== undefined || this.#over) return;
    this.#news = this.#parts.control.news()[Symbol.asyncIterator]();
    void this.#tellNews(this.#news);
  }

  /** Of all runs: a phone that watches sees what a schedule starts too. */
  async #tellNews(news: AsyncIterator<RunNews>): Promise<void> {
    try {
      for (let step = await news.next(); step.done !== true && !this.#over; step = await news.next()) {
        if (step.value.kind !== 'report') continue;
        const { run, samples } = step.value;
        const watched = samples.filter(({ series }) => this.#watched.has(seriesKey(series)));
        for (const news of newsOf(run.id, watched)) this.#parts.say({ news }, { mayBeLost: true });
      }
    } catch (error) {
      this.#parts.logger.warn({ reason: reasonOf(error) }, 'a phone gets no news any more');
    }
  }

  #answer(command: number, result: Result, left: () => void = () => undefined): void {
    if (!this.#over) this.#parts.say({ answer: { command, ...result } }, { mayBeLost: false, left });
  }

  #known(error: unknown): PerigeeError {
    if (error instanceof PerigeeError) return error;
    this.#parts.logger.error({ reason: reasonOf(error) }, 'a command of a phone failed');
    return new PerigeeError('internal', 'the gateway failed', 'See its log.');
  }
}

function refused(message: string, cure: string): PerigeeError {
  return new PerigeeError('access-refused', message, cure);
}
