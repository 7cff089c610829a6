import assert from 'node:assert/strict';
import {
  CHANNELS,
  decodeInvitation,
  encodeCredit,
  fragments,
  fromChannel,
  inChannel,
  PhoneSession,
  portableCurve,
} from '@perigee/gatt';
import type { BulkReceiver, Credit, FrameKind, Invitation, KeyPair, PhoneEvent } from '@perigee/gatt';
import { perigee } from '@perigee/proto';
import { Access } from '../../src/access/index.js';
import { PerigeeError } from '../../src/domain/index.js';
import type {
  GatewayControl,
  GattLink,
  GattListener,
  HistoryPoint,
  HistoryRequest,
  InvitationTerms,
  RunNews,
  RunRequest,
  Sample,
  Store,
} from '../../src/domain/index.js';
import { createPhoneService } from '../../src/phones/index.js';
import { nodeCurve } from '../../src/platform/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { SILENT, run } from '../store/support-store.js';

export const HELLO_RUN = '00000000000000aa';
export const START = { runId: HELLO_RUN, image: 'hello' };

/** What the gateway has measured, whatever it is asked for. */
export const POINTS: readonly HistoryPoint[] = Array.from({ length: 3000 }, (_, i) => ({
  ...{ wallMs: 1_700_000_000_000 + 1000 * i, count: 60, sum: 60 * Math.sin(i), least: -i, most: i },
  last: Math.sin(i),
}));

const sampleOf = (number: number, value: number): Sample => ({
  ...{ series: { name: `m${number}`, labels: {}, unit: 'count' }, value },
});

/** A gateway with a control service, a clock that is turned by hand, and runs that are made up. */
export interface World extends Disposable {
  readonly access: Access;
  readonly store: Store;
  readonly time: { us: number; wallMs: number };
  readonly requests: RunRequest[];
  /** What the next run tells, after it was accepted; it never ends by itself. */
  readonly news: RunNews[];
  readonly gatewayKey: Uint8Array;
  /** Phones that are told of a run. */
  followers: number;
  readonly sessions: () => number;
  invite(terms?: Partial<InvitationTerms>): Promise<Invitation>;
  phone(options?: PhoneOptions): TestPhone;
  audit(): Promise<readonly string[]>;
}

interface PhoneOptions {
  readonly keys?: KeyPair;
  readonly invitation?: Invitation;
  readonly gatewayKey?: Uint8Array;
  /** Fragments that its link takes before it is full; endless if absent. */
  readonly room?: number;
  readonly maxBytes?: number;
}

export async function openWorld(): Promise<World> {
  const time = { us: 1e6, wallMs: 1.8e12 };
  const clock = { monotonicUs: () => time.us, wallMs: () => time.wallMs };
  const identity = nodeCurve.generate();
  const store = createMemoryStore();
  const access = await Access.open({
    ...{ store: store.access, gatewayKey: identity.publicKey, clock, logger: SILENT },
  });
  const requests: RunRequest[] = [];
  const news: RunNews[] = [];
  const control = {
    images: () =>
      Promise.resolve({
        images: Array.from({ length: 40 }, (_, i) => ({
          ...{ name: `image-${i}`, version: '1', description: 'ü'.repeat(400), flavour: 'perigee' },
          ...{ architectures: ['x86_64'], memoryMib: 4 },
        })),
        problems: [],
      }),
    runs: () => Promise.resolve(Array.from({ length: 100 }, (_, i) => run(i.toString(16), i))),
    consoleLog: () => Promise.resolve(`${'line\n'.repeat(2000)}the end\n`),
    latest: () => Promise.resolve(POINTS.map(({ last }, i) => ({ ...sampleOf(i, last), wallMs: 1 }))),
    async *history({
      fromMs,
      resolution,
      series: name,
      toMs,
    }: HistoryRequest): AsyncGenerator<readonly HistoryPoint[]> {
      if (name === 'endless') for (;;) yield await Promise.resolve(POINTS);
      const points = resolution === 'raw' ? POINTS.map((point) => ({ ...point, count: 1 })) : POINTS;
      yield points.filter(({ wallMs }) => wallMs >= fromMs && wallMs < toMs);
    },
    stop: (id: string) =>
      Promise.resolve(run(id, 1, { state: { kind: 'ended', reason: { kind: 'completed' } } })),
    async *run(request: RunRequest): AsyncGenerator<RunNews> {
      if (request.image === 'nonesuch')
        throw new PerigeeError('image-unknown', 'no such image', 'See images.');
      if (request.image === 'defect') throw new TypeError('we failed');
      requests.push(request);
      world.followers += 1;
      try {
        yield { kind: 'changed', run: run(request.id, 1, { state: { kind: 'starting' } }) };
        yield* news;
        await new Promise<void>((resolve) => endings.push(resolve));
      } finally {
        world.followers -= 1;
      }
    },
  } as unknown as GatewayControl;
  const endings: (() => void)[] = [];
  const service = createPhoneService({
    ...{ curve: nodeCurve, identity, access, control, clock, logger: SILENT },
    gateway: { gatewayId: '0123456789abcdef', gatewayName: 'Perigee' },
  });
  const world: World = {
    ...{ access, store, time, requests, news, gatewayKey: identity.publicKey, followers: 0 },
    sessions: () => service.count,
    async invite(terms = {}) {
      const all = { name: 'Ada', role: 'technician', mayEnrol: false, validMs: 60_000, ...terms } as const;
      const { link } = await access.invite(all);
      return decodeInvitation(link) ?? assert.fail('it is a link');
    },
    phone: (options = {}) => {
      const begin = service.service.conversation?.begin ?? assert.fail('it converses');
      return new TestPhone(begin, { gatewayKey: identity.publicKey, ...options });
    },
    audit: async () => (await access.audit(1000)).map(({ act, detail, who }) => `${act} ${who}: ${detail}`),
    [Symbol.dispose]() {
      endings.forEach((end) => end());
      service[Symbol.dispose]();
    },
  };
  return world;
}

/** A phone at the other end of a link that a test holds. */
export class TestPhone {
  readonly keys: KeyPair;
  readonly session: PhoneSession;
  readonly events: PhoneEvent[] = [];
  readonly listener: GattListener;
  /** Fragments that the gateway sent, and that wait while the link is full. */
  readonly sent: Uint8Array[] = [];
  room: number;
  refused = 0;
  disconnected = false;
  #ids = 0;

  constructor(
    begin: (link: GattLink) => GattListener,
    options: PhoneOptions & { readonly gatewayKey: Uint8Array },
  ) {
    this.keys = options.keys ?? portableCurve.generate();
    this.room = options.room ?? Infinity;
    const { gatewayKey, invitation } = options;
    this.session = new PhoneSession({
      ...{ curve: portableCurve, keys: this.keys, gatewayKey },
      ...(invitation && { invitation }),
    });
    this.listener = begin({
      maxBytes: options.maxBytes ?? 244,
      send: (value) => {
        if (this.sent.length >= this.room) {
          this.refused += 1;
          return false;
        }
        this.sent.push(value);
        this.events.push(this.session.receive(value));
        return true;
      },
      disconnect: () => (this.disconnected = true),
    });
  }

  /** The link has sent what waited, and says so. */
  drain(): void {
    this.sent.length = 0;
    this.listener.ready();
  }

  /** The answer to the last fragment. */
  write(of: FrameKind, message: Uint8Array | undefined): number {
    let status = -1;
    for (const fragment of fragments(of, message ?? assert.fail('there is a message'), 100))
      status = this.listener.receive(fragment);
    return status;
  }

  hello(): number {
    const { bytes, of } = this.session.hello() ?? assert.fail('it says hello');
    return this.write(of, bytes);
  }

  command(command: perigee.v1.Command.$Properties): number {
    const id = command.id ?? ++this.#ids;
    const bytes = perigee.v1.Command.encode({ ...command, id }).finish();
    return this.write('sealed', this.session.seal(inChannel('control', bytes)));
  }

  /** What the gateway has said so far, once everything that is under way is done. */
  async said(): Promise<readonly perigee.v1.Said[]> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    return this.events.flatMap((event) =>
      event.kind === 'message' && event.plaintext[0] === CHANNELS.control
        ? [perigee.v1.Said.decode(fromChannel(event.plaintext)?.body ?? new Uint8Array())]
        : [],
    );
  }

  async ask(command: perigee.v1.Command.$Properties): Promise<perigee.v1.Answer.$Properties> {
    const id = ++this.#ids;
    assert.equal(this.command({ ...command, id }), 0);
    for (let turns = 0; turns < 10_000; turns++) {
      const found = (await this.said()).find(({ answer }) => answer?.command === id);
      if (found?.answer) return found.answer;
    }
    return assert.fail('no answer');
  }

  grant(credit: Credit): number {
    return this.write('sealed', this.session.seal(inChannel('credit', encodeCredit(credit))));
  }

  /** The snapshot that was opened last, or undefined where its connection was lost after so many pieces. */
  fetch(receiver: BulkReceiver, maxPieces = Infinity): Uint8Array | undefined {
    let seen = this.events.length;
    const credit = receiver.begin(244);
    if (credit !== undefined) assert.equal(this.grant(credit), 0);
    for (let pieces = 0; pieces < maxPieces; pieces++) {
      let event = this.events[seen++];
      for (; event?.kind !== 'message' || event.plaintext[0] !== CHANNELS.bulk; event = this.events[seen++])
        assert.ok(event !== undefined, 'there is another piece');
      const progress = receiver.take(event.plaintext.slice(1));
      assert.notEqual(progress.kind, 'fault');
      if (progress.kind === 'done') return progress.snapshot;
      if (progress.kind === 'going' && progress.credit) assert.equal(this.grant(progress.credit), 0);
    }
    this.listener.ended();
    return undefined;
  }

  /** The word in the clear by which the gateway ended it, if it did. */
  get refusal(): string | undefined {
    const last = this.events.at(-1);
    return last?.kind === 'refused' ? last.status : undefined;
  }
}

/** A phone that has enrolled and has its session. */
export async function enrolled(world: World, terms: Partial<InvitationTerms> = {}): Promise<TestPhone> {
  const phone = world.phone({ invitation: await world.invite(terms) });
  assert.equal(phone.hello(), 0);
  assert.equal((await phone.ask({ enrol: {} })).enrolled?.role, terms.role ?? 'technician');
  return phone;
}

/** A phone that is known, with a session of its own. */
export function again(world: World, { keys }: TestPhone): TestPhone {
  const phone = world.phone({ keys });
  assert.equal(phone.hello(), 0);
  return phone;
}

/** "code: message" */
export async function refusalOf(phone: TestPhone, command: perigee.v1.Command.$Properties): Promise<string> {
  const { refusal } = await phone.ask(command);
  return `${refusal?.code ?? ''}: ${refusal?.message ?? ''}`;
}
