import type { perigee } from '@perigee/proto';
import {
  HIGHEST_PRIORITY,
  LOWEST_PRIORITY,
  PerigeeError,
  SCHEDULE_CHANGES,
  complaintOfArgs,
  isEnded,
  parseImageName,
  parseRunId,
  timeText,
} from '../domain/index.js';
import type { GatewayControl, InvitationTerms, Role, RunNews, RunRecord } from '../domain/index.js';
import type { RunRequest, ShownInvitation, Technician, TimeKeeper } from '../domain/index.js';
import { gatewayState, images, logEnd, runNotice, runs, schedules } from './messages.js';
import { invitationTerms } from './invite.js';
import { addSchedule } from './schedules.js';
import { takeSnapshot } from './snapshots.js';
import type { SnapshotSources } from './snapshots.js';
import { boardTime, setTime } from './time.js';

type Command = perigee.v1.Command;
/** What an answer says beside the command's number. */
export type Result = Omit<perigee.v1.Answer.$Properties, 'command' | 'result'>;

/** What a command may do beside its answer. */
export interface CommandContext {
  readonly control: GatewayControl;
  readonly wallMs: () => number;
  readonly time: TimeKeeper;
  /** Writes down what came of the command. */
  readonly note: (detail: string) => void;
  /** Tells the phone what happens to the run that it has started, and gives the run as it is first. */
  readonly follow: (request: RunRequest) => Promise<RunRecord>;
  /** Tells the phone what runs report of these series, and of no others. */
  readonly watch: (series: readonly string[]) => void;
  /** Who asks. */
  readonly technician: Technician;
  readonly invite: (terms: InvitationTerms) => Promise<ShownInvitation>;
  readonly sources: SnapshotSources;
  /** The phone may fetch it from now on. */
  readonly offer: (snapshot: Uint8Array) => void;
}

interface CommandKind {
  /** The least role that may. */
  readonly role: Role;
  /** Of what acts: what the audit log says. */
  readonly detail?: (command: Command) => string;
  readonly act: (command: Command, context: CommandContext) => Promise<Result>;
}

/** More than a phone shows; more do not fit a message either. */
const MAX_RUNS_LISTED = 100;
/** A screen of a phone. */
const MAX_WATCHED = 32;

/** Every command of perigee.v1.Command but the enrolment, which makes the session what it is. */
export const COMMANDS: Readonly<Record<Exclude<NonNullable<Command['what']>, 'enrol'>, CommandKind>> = {
  images: {
    role: 'viewer',
    act: async (_command, { control }) => ({ images: images((await control.images()).images) }),
  },
  runs: {
    role: 'viewer',
    act: async ({ runs: asked }, { control }) => {
      const limit = Math.min(asked?.limit ?? MAX_RUNS_LISTED, MAX_RUNS_LISTED);
      const all = await control.runs(limit);
      // Those that go on are always told.
      return { runs: runs(all.filter((run, i) => i < limit || !isEnded(run))) };
    },
  },
  log: {
    role: 'viewer',
    act: async ({ log }, { control }) => {
      const text = await control.consoleLog(parseRunId(log?.runId ?? ''));
      return { log: logEnd(text, log?.tailBytes ?? 0) };
    },
  },
  state: {
    role: 'viewer',
    act: async (_command, { control, wallMs }) => ({ state: gatewayState(await control.status(), wallMs()) }),
  },
  watch: {
    role: 'viewer',
    act: ({ watch: asked }, { watch }) => {
      const series = asked?.series ?? [];
      if (series.length > MAX_WATCHED)
        throw new PerigeeError('usage', 'these are too many series', `Watch ${MAX_WATCHED} at most.`);
      watch(series);
      return Promise.resolve({ watching: { series: series.length } });
    },
  },
  schedules: {
    role: 'viewer',
    act: async (_command, { control }) => ({ schedules: schedules(await control.schedules()) }),
  },
  changeSchedule: {
    role: 'technician',
    detail: ({ changeSchedule }) => `${changeSchedule?.change ?? ''} schedule ${changeSchedule?.name ?? ''}`,
    act: async ({ changeSchedule }, { control }) => {
      const change = SCHEDULE_CHANGES.find((each) => each === changeSchedule?.change);
      if (change === undefined)
        throw new PerigeeError(
          'usage',
          'this is no change of a schedule',
          `Send ${SCHEDULE_CHANGES.join(', ')}.`,
        );
      return { schedules: schedules([await control.changeSchedule(changeSchedule?.name ?? '', change)]) };
    },
  },
  addSchedule: {
    role: 'technician',
    detail: ({ addSchedule: asked }) => `add schedule ${asked?.name ?? ''} of ${asked?.image ?? ''}`,
    act: async ({ addSchedule: asked }, { control }) => ({
      schedules: schedules([await addSchedule(asked ?? {}, control)]),
    }),
  },
  invite: {
    role: 'viewer',
    detail: ({ invite }) => `invite ${invite?.name ?? ''}`,
    act: async ({ invite: asked }, { invite, technician, wallMs }) => ({
      invited: await invite(invitationTerms(asked ?? {}, technician, wallMs())),
    }),
  },
  time: {
    role: 'viewer',
    act: async (_command, context) => ({ time: await boardTime(context) }),
  },
  setTime: {
    role: 'technician',
    detail: ({ setTime: asked }) => `set the time to ${timeText(asked?.wallMs ?? 0)}Z`,
    act: async ({ setTime: asked }, context) => {
      const correctedMs = await setTime(asked ?? {}, context.time);
      context.note(`the time was put forward by ${correctedMs / 1000} s`);
      return { time: { ...(await boardTime(context)), correctedMs } };
    },
  },
  open: {
    role: 'viewer',
    act: async ({ open }, { offer, sources }) => {
      const { bytes, from, id, plainSize } = await takeSnapshot(open ?? {}, sources);
      offer(bytes);
      return { snapshot: { id, size: bytes.length, plainSize, from } };
    },
  },
  start: {
    role: 'technician',
    detail: ({ start }) => `run ${start?.image ?? ''} as ${start?.runId ?? ''}`,
    act: async ({ start }, { follow }) => ({ run: accepted(await follow(requestOf(start ?? {}))) }),
  },
  stop: {
    role: 'technician',
    detail: ({ stop }) => `stop ${stop?.runId ?? ''}`,
    act: async ({ stop }, { control }) => ({
      run: runNotice(await control.stop(parseRunId(stop?.runId ?? ''))),
    }),
  },
};

/** @throws PerigeeError `usage`, `image-unknown`. */
function requestOf({
  args,
  image,
  priority,
  runId,
  timeLimitMs,
}: perigee.v1.StartRun.$Properties): RunRequest {
  const complaint = complaintOfArgs(args ?? '');
  if (complaint !== undefined)
    throw new PerigeeError('usage', 'the arguments are not valid', `They ${complaint}.`);
  const wanted = priority ?? 0;
  return {
    ...{ id: parseRunId(runId ?? ''), image: parseImageName(image ?? '') },
    priority: Math.min(Math.max(wanted, LOWEST_PRIORITY), HIGHEST_PRIORITY),
    ...(args ? { args } : {}),
    ...(timeLimitMs ? { timeLimitMs } : {}),
  };
}

/** Where it stands is told by the notices, in their order; of one that has ended there are none any more. */
function accepted(run: RunRecord): perigee.v1.RunNotice.$Properties {
  return isEnded(run) ? runNotice(run) : { ...runNotice(run), state: 'accepted' };
}

/** Whether a role may what another one may: a technician is a viewer too. */
export function includes(role: Role, needed: Role): boolean {
  return role === 'technician' || needed === 'viewer';
}

/** The first record of the run. @throws PerigeeError `run-failed`, and what a start throws. */
export async function begun(news: AsyncIterator<RunNews>): Promise<RunRecord> {
  for (;;) {
    const step = await news.next();
    if (step.done === true)
      throw new PerigeeError('run-failed', 'the gateway ends', 'Try again once it is back.');
    if (step.value.kind === 'changed') return step.value.run;
  }
}
