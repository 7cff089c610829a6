import { encodeCredit, fragments, fromChannel, inChannel, PhoneSession } from '@perigee/gatt';
import type { BulkReceiver, Curve25519, FrameKind, Invitation, KeyPair, PhoneEvent } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { PerigeeError } from '../domain/index.js';
import type { CallOptions, ControlLink, GatewayConnection } from './connection.js';
import { AGAIN, errorOf, refusedBy } from './refusals.js';
import { within } from './time-limit.js';
import { ValueQueue } from './value-queue.js';

type Command = perigee.v1.Command.$Properties;
type Answer = perigee.v1.Answer;
type BoardTime = perigee.v1.BoardTime.$Properties;
type News = perigee.v1.News.$Properties;
type ScheduleLine = perigee.v1.ScheduleLine.$Properties;
type RunNotice = perigee.v1.RunNotice.$Properties;

/** A handshake takes some connection events; a Pi's part of it, milliseconds. */
const OPEN_TIMEOUT_MS = 10_000;
/** To stop a guest takes three seconds where it does not listen. */
const ANSWER_TIMEOUT_MS = 15_000;
/** A link that is still there carries something within this time. */
const PIECE_TIMEOUT_MS = 15_000;
/** More than was ever granted. */
const MAX_WAITING_PIECES = 1024;
/** Of one run, for a reader that is slow: the newest are kept. */
const MAX_WAITING_NOTICES = 64;

interface FetchOptions extends CallOptions {
  /** Called after each piece. */
  readonly taken?: () => void;
}

export interface Credentials {
  readonly curve: Curve25519;
  /** The phone's own. */
  readonly keys: KeyPair;
  readonly gatewayKey: Uint8Array;
  /** To enrol with it; absent for a phone that is known. */
  readonly invitation?: Invitation;
}

/** A session of a phone with a gateway: commands and their answers, and what it tells of runs. */
export class ControlSession {
  readonly #session: PhoneSession;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #runs = new Map<string, ValueQueue<RunNotice>>();
  #news: ValueQueue<News> | undefined;
  readonly #ended: Promise<never>;
  #end: (error: Error) => void = () => undefined;
  #opened: (welcome: perigee.v1.Welcome) => void = () => undefined;
  /** Of the transfer that goes on. */
  #pieces: ValueQueue<Uint8Array> | undefined;
  #link: ControlLink | undefined;
  /** Fragments of two messages must not be mixed. */
  #writing: Promise<unknown> = Promise.resolve();
  #commands = 0;

  private constructor(credentials: Credentials) {
    this.#session = new PhoneSession(credentials);
    this.#ended = new Promise((_resolve, reject) => {
      this.#end = (error) => {
        reject(error);
        for (const queue of this.#runs.values()) queue.end();
        this.#news?.end();
      };
    });
    // Whoever waits races with it.
    this.#ended.catch(() => undefined);
  }

  /** @throws PerigeeError `access-refused` where the gateway does not know this phone, `radio-unavailable`. */
  static async open(
    connection: Pick<GatewayConnection, 'broken' | 'openControl'>,
    credentials: Credentials,
    options: CallOptions = {},
  ): Promise<{ readonly session: ControlSession; readonly welcome: perigee.v1.Welcome }> {
    const session = new ControlSession(credentials);
    connection.broken.catch((error: unknown) => session.#end(error as Error));
    const opened = new Promise<perigee.v1.Welcome>((resolve) => (session.#opened = resolve));
    const hello = session.#session.hello();
    if (hello === undefined)
      throw new PerigeeError('usage', 'the key of the gateway is none', 'Scan its code again.');
    session.#link = await connection.openControl((fragment) => session.#heard(fragment), options);
    await session.#write(hello.of, hello.bytes);
    const wait = { signal: options.signal, broken: session.#ended };
    return { session, welcome: await within(OPEN_TIMEOUT_MS, 'the handshake', opened, wait) };
  }

  async enrol(options: CallOptions = {}): Promise<perigee.v1.Welcome.$Properties> {
    return (await this.#ask({ enrol: {} }, options)).enrolled ?? {};
  }

  async images(options: CallOptions = {}): Promise<perigee.v1.Images.$Properties> {
    return (await this.#ask({ images: {} }, options)).images ?? {};
  }

  async runs(limit: number, options: CallOptions = {}): Promise<readonly RunNotice[]> {
    return (await this.#ask({ runs: { limit } }, options)).runs?.runs ?? [];
  }

  async log(
    runId: string,
    tailBytes: number,
    options: CallOptions = {},
  ): Promise<perigee.v1.Log.$Properties> {
    return (await this.#ask({ log: { runId, tailBytes } }, options)).log ?? {};
  }

  async stop(runId: string, options: CallOptions = {}): Promise<RunNotice> {
    return (await this.#ask({ stop: { runId } }, options)).run ?? {};
  }

  async open(
    what: perigee.v1.OpenSnapshot.$Properties,
    options: CallOptions = {},
  ): Promise<perigee.v1.Snapshot.$Properties> {
    return (await this.#ask({ open: what }, options)).snapshot ?? {};
  }

  /** Fetches what was opened last into the receiver, from where that is. */
  async fetch(receiver: BulkReceiver, { signal, taken }: FetchOptions = {}): Promise<Uint8Array> {
    const pieces = new ValueQueue<Uint8Array>(MAX_WAITING_PIECES);
    this.#pieces = pieces;
    const coming = pieces[Symbol.asyncIterator]();
    let credit = receiver.begin(this.#link?.maxBytes ?? 0);
    for (;;) {
      if (credit !== undefined) await this.#write('sealed', inChannel('credit', encodeCredit(credit)));
      const wait = { signal, broken: this.#ended };
      const { value } = await within(PIECE_TIMEOUT_MS, 'a piece of a transfer', coming.next(), wait);
      const progress = receiver.take(value ?? new Uint8Array());
      if (progress.kind !== 'fault') taken?.();
      if (progress.kind === 'done') return progress.snapshot;
      if (progress.kind === 'fault')
        throw new PerigeeError('radio-unavailable', 'a piece of the transfer is missing', AGAIN);
      credit = progress.credit;
    }
  }

  async state(options: CallOptions = {}): Promise<perigee.v1.GatewayState.$Properties> {
    return (await this.#ask({ state: {} }, options)).state ?? {};
  }

  async schedules(options: CallOptions = {}): Promise<readonly ScheduleLine[]> {
    return (await this.#ask({ schedules: {} }, options)).schedules?.schedules ?? [];
  }

  /** What it is afterwards; of one that is removed, what it was. */
  async changeSchedule(name: string, change: string, options: CallOptions = {}): Promise<ScheduleLine> {
    const answer = await this.#ask({ changeSchedule: { name, change } }, options);
    return answer.schedules?.schedules?.[0] ?? {};
  }

  async addSchedule(
    schedule: perigee.v1.AddSchedule.$Properties,
    options: CallOptions = {},
  ): Promise<ScheduleLine> {
    return (await this.#ask({ addSchedule: schedule }, options)).schedules?.schedules?.[0] ?? {};
  }

  /** What time it is for the gateway, and how it knows. */
  async time(options: CallOptions = {}): Promise<BoardTime> {
    return (await this.#ask({ time: {} }, options)).time ?? {};
  }

  async setTime(time: perigee.v1.SetTime.$Properties, options: CallOptions = {}): Promise<BoardTime> {
    return (await this.#ask({ setTime: time }, options)).time ?? {};
  }

  async invite(
    terms: perigee.v1.Invite.$Properties,
    options: CallOptions = {},
  ): Promise<perigee.v1.Invited.$Properties> {
    return (await this.#ask({ invite: terms }, options)).invited ?? {};
  }

  /** What runs report of these series from now on, the newest where the reader is slow. */
  async *watch(series: readonly string[], options: CallOptions = {}): AsyncGenerator<News, void, undefined> {
    const news = new ValueQueue<News>(MAX_WAITING_NOTICES);
    this.#news = news;
    const leave = (): void => news.end();
    options.signal?.addEventListener('abort', leave);
    try {
      await this.#ask({ watch: { series: [...series] } }, options);
      yield* news;
      options.signal?.throwIfAborted();
      await this.#ended;
    } finally {
      options.signal?.removeEventListener('abort', leave);
      this.#news = undefined;
    }
  }

  /** What becomes of the run, from its acceptance to its end. Leaving it leaves the run alone. */
  async *start(
    request: perigee.v1.StartRun.$Properties & { readonly runId: string },
    options: CallOptions = {},
  ): AsyncGenerator<RunNotice, void, undefined> {
    const queue = new ValueQueue<RunNotice>(MAX_WAITING_NOTICES);
    this.#runs.set(request.runId, queue);
    const leave = (): void => queue.end();
    options.signal?.addEventListener('abort', leave);
    try {
      const accepted = (await this.#ask({ start: request }, options)).run ?? {};
      yield accepted;
      if (accepted.state === 'ended') return;
      for await (const notice of queue) {
        yield notice;
        if (notice.state === 'ended') return;
      }
      options.signal?.throwIfAborted();
      await this.#ended;
    } finally {
      options.signal?.removeEventListener('abort', leave);
      this.#runs.delete(request.runId);
    }
  }

  async #ask(command: Command, { signal }: CallOptions): Promise<Answer> {
    const id = ++this.#commands;
    const answered = new Promise<Answer>((resolve) => this.#answers.set(id, resolve));
    try {
      const message = perigee.v1.Command.encode({ id, ...command }).finish();
      await this.#write('sealed', inChannel('control', message));
      const answer = await within(ANSWER_TIMEOUT_MS, 'an answer', answered, { signal, broken: this.#ended });
      if (answer.refusal) throw errorOf(answer.refusal);
      return answer;
    } finally {
      this.#answers.delete(id);
    }
  }

  /** Sealed in the order of sending. */
  #write(of: FrameKind, plaintext: Uint8Array): Promise<void> {
    const written = this.#writing.then(async () => {
      const message = of === 'sealed' ? this.#session.seal(plaintext) : plaintext;
      if (message === undefined || this.#link === undefined) return this.#ended;
      for (const fragment of fragments(of, message, this.#link.maxBytes)) await this.#link.write(fragment);
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }

  #heard(fragment: Uint8Array): void {
    try {
      this.#take(this.#session.receive(fragment));
    } catch (cause) {
      const cure = 'Update whichever of the two is older.';
      this.#end(
        new PerigeeError('radio-unavailable', 'the gateway says what is no message', cure, { cause }),
      );
    }
  }

  #take(event: PhoneEvent): void {
    switch (event.kind) {
      case 'nothing':
        return;
      case 'open':
        this.#opened(perigee.v1.Welcome.decode(event.payload));
        return;
      case 'refused':
        this.#end(refusedBy(event.status));
        return;
      case 'fault': {
        const cure = 'Connect again; if it comes back, somebody interferes with this connection.';
        this.#end(new PerigeeError('access-refused', `the session has ended: ${event.reason}`, cure));
        return;
      }
      case 'message': {
        const said = fromChannel(event.plaintext);
        if (said?.channel === 'control') this.#said(said.body);
        if (said?.channel === 'bulk') this.#pieces?.push(said.body);
      }
    }
  }

  #said(body: Uint8Array): void {
    const { answer, news, run } = perigee.v1.Said.decode(body);
    if (answer) this.#answers.get(answer.command ?? 0)?.(answer as Answer);
    if (news) this.#news?.push(news);
    if (run) this.#runs.get(run.runId ?? '')?.push(run);
  }
}
