import assert from 'node:assert/strict';
import { ByteWriter, ColumnEncoder } from '@perigee/columns';
import { decodeInvitation } from '@perigee/gatt';
import type { Invitation } from '@perigee/gatt';
import type { perigee } from '@perigee/proto';
import { Access } from '../../src/access/index.js';
import { parseImageName, PerigeeError, Topic } from '../../src/domain/index.js';
import type {
  GatewayControl,
  GattService,
  HistoryPacker,
  HistoryPoint,
  InvitationTerms,
  RunNews,
  RunRequest,
  Sample,
  Schedule,
  ScheduleStatus,
  Series,
  Store,
  TimeKeeper,
  Trigger,
} from '../../src/domain/index.js';
import { createPhoneService } from '../../src/phones/index.js';
import { nodeCurve } from '../../src/platform/index.js';
import { createMemoryStore } from '../fakes/memory-store.js';
import { run } from '../store/support-store.js';
import { SILENT } from '../support/loggers.js';
import { TestPhone } from './support-phone.js';
import type { PhoneOptions } from './support-phone.js';

export const HELLO_RUN = '00000000000000aa';
export const START = { runId: HELLO_RUN, image: 'hello' };

const OFFSET_MS = 1_700_000_000_000;
/** What the gateway has measured, whatever it is asked for. */
export const POINTS: readonly HistoryPoint[] = Array.from({ length: 3000 }, (_, i) => ({
  ...{ wallMs: OFFSET_MS + 1000 * i, count: 60, sum: 60 * Math.sin(i), least: -i, most: i },
  last: Math.sin(i),
}));

const column = (values: readonly number[]): Uint8Array => {
  const writer = new ByteWriter();
  new ColumnEncoder(values.length).encode(writer, Float64Array.from(values));
  return writer.finish();
};

/** Of each series that is asked for, and of `m` if none is; what is asked for as `endless` is too much. */
const PACKER: HistoryPacker = {
  packHistory({ fromMs, resolution, series: names, toMs }) {
    if (names.includes('endless'))
      return Promise.reject(new PerigeeError('usage', 'these are more than one snapshot takes', 'Ask less.'));
    const series = new Map<number, Series>(
      (names.length > 0 ? names : ['m']).map((name, id) => [id, { name, labels: {}, unit: 'count' }]),
    );
    const points = POINTS.filter(({ wallMs }) => wallMs >= fromMs && wallMs < toMs);
    const each = (['count', 'sum', 'least', 'most', 'last'] as const).filter(
      (key) => resolution !== 'raw' || key === 'last',
    );
    const shape = {
      observations: points.length,
      seriesIds: [...series.keys()],
      times: column(points.map(({ wallMs }) => (wallMs - OFFSET_MS) * 1000)),
      columns: [...series].flatMap(() => each.map((key) => column(points.map((point) => point[key])))),
    };
    return Promise.resolve({
      ...{ fromMs, toMs, resolution, series, blocks: [{ resolution, epoch: 1, shapes: [shape] }] },
      epochs: [{ epoch: 1, fromUs: 0, toUs: 4e9, offsetMs: OFFSET_MS }],
    });
  },
};

const scheduleOf = (name: string, trigger: Trigger, dueAtMs?: number): ScheduleStatus => ({
  ...{ name, image: parseImageName('hello'), trigger, jitterMs: 0, missed: 'skip', overlap: 'skip' },
  ...{ restart: 'never', priority: 0, skipped: 0, state: { kind: 'waiting' } },
  ...(dueAtMs === undefined ? {} : { dueAtMs }),
});
const SCHEDULES: readonly ScheduleStatus[] = [
  scheduleOf('kept', { kind: 'kept' }),
  scheduleOf('dawn', { kind: 'cron', expression: '0 6 * * *', zone: 'Europe/Berlin' }, 1.8e12),
  scheduleOf('often', { kind: 'every', everyMs: 60_000 }),
  scheduleOf('once', { kind: 'at', time: '2030-01-01T00:00' }),
];

export const sampleOf = (number: number, value: number): Sample => ({
  ...{ series: { name: `m${number}`, labels: {}, unit: 'count' }, value },
});

/** A gateway with a control service, a clock that is turned by hand, and runs that are made up. */
export interface World extends Disposable {
  readonly access: Access;
  readonly store: Store;
  readonly time: { us: number; wallMs: number; keptByNtp: boolean };
  readonly requests: RunRequest[];
  readonly schedules: ScheduleStatus[];
  /** Runs that were stopped, and changes of schedules. */
  stopped: number;
  changed: number;
  /** What the next run tells, after it was accepted; it never ends by itself. */
  readonly news: RunNews[];
  readonly gatewayKey: Uint8Array;
  /** Phones that are told of a run. */
  followers: number;
  readonly service: GattService;
  readonly sessions: () => number;
  /** What a run of nobody's says. */
  readonly report: (samples: readonly Sample[]) => void;
  /** Phones that hear of all runs. */
  readonly newsReaders: () => number;
  invite(terms?: Partial<InvitationTerms>): Promise<Invitation>;
  phone(options?: PhoneOptions): TestPhone;
  audit(): Promise<readonly string[]>;
}

export async function openWorld(): Promise<World> {
  const time = { us: 1e6, wallMs: 1.8e12, keptByNtp: false };
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
    status: () =>
      Promise.resolve({
        ...{ version: '1.2.3', epoch: 7, uptimeSeconds: 12.9, activeRuns: 2, queuedRuns: 1 },
        ...{ crashLoops: ['dawn'], lostObservations: 3, store: { samples: 1000 } },
        recording: { kind: 'waiting', text: 'samples wait in the head log' },
        sync: { text: 'waits', waiting: true, batchesAcknowledged: 1, samplesAcknowledged: 900 },
      }),
    schedules: () => Promise.resolve(world.schedules),
    changeSchedule: (name: string, change: string) => {
      world.changed += 1;
      const found = world.schedules.find((each) => each.name === name);
      if (found === undefined)
        return Promise.reject(new PerigeeError('schedule-unknown', `no schedule ${name}`, 'See them.'));
      return Promise.resolve({ ...found, state: { kind: change === 'pause' ? 'paused' : 'waiting' } });
    },
    addSchedule: (schedule: Schedule) => {
      const added: ScheduleStatus = { ...schedule, skipped: 0, state: { kind: 'waiting' } };
      world.schedules.push(added);
      return Promise.resolve(added);
    },
    news: () => runNews.subscribe(),
    latest: () => Promise.resolve(POINTS.map(({ last }, i) => ({ ...sampleOf(i, last), wallMs: 1 }))),
    stop: (id: string) => {
      world.stopped += 1;
      return Promise.resolve(run(id, 1, { state: { kind: 'ended', reason: { kind: 'completed' } } }));
    },
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
  const keeper: TimeKeeper = {
    source: () => Promise.resolve(time.keptByNtp ? 'network' : 'board'),
    set(wallMs) {
      if (time.keptByNtp)
        return Promise.reject(new PerigeeError('time-refused', 'NTP keeps it', 'Leave it.'));
      const byMs = wallMs - time.wallMs;
      time.wallMs = wallMs;
      return Promise.resolve(byMs);
    },
  };
  const endings: (() => void)[] = [];
  const runNews = new Topic<RunNews>();
  const service = createPhoneService({
    ...{ curve: nodeCurve, identity, access, control, clock, logger: SILENT },
    ...{ history: PACKER, time: keeper },
    gateway: { gatewayId: '0123456789abcdef', gatewayName: 'Perigee' },
  });
  const world: World = {
    ...{
      access,
      store,
      time,
      requests,
      schedules: [...SCHEDULES],
      news,
      gatewayKey: identity.publicKey,
      ...{ followers: 0, stopped: 0, changed: 0 },
    },
    service: service.service,
    sessions: () => service.count,
    report: (samples) => runNews.publish({ kind: 'report', run: run(HELLO_RUN, 1), windowEndUs: 1, samples }),
    newsReaders: () => runNews.readers,
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
