import { perigee } from '@perigee/proto';
import type { EndReason, Faults, RunCause, RunRecord } from '../domain/index.js';

/** Below what the backend takes (1024): a crashed guest's last words may be long. */
const REASON_MAX = 512;
/** The backend takes 256 arguments of 4096 characters. */
const ARGUMENTS_MAX = 256;
const ARGUMENT_MAX = 4096;
/** The backend refuses these, and guests print them. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/gu;

/** A run as the backend keeps it. Free text is cleaned, so that no run can make its batch unacceptable. */
export function wireRun(run: RunRecord): perigee.v1.Run.$Properties {
  return {
    id: run.id,
    image: run.image,
    imageDigest: run.imageSha256,
    architecture: run.architecture,
    accelerator: clean(run.accelerator, REASON_MAX / 4),
    monitorVersion: clean(run.monitorVersion ?? '', REASON_MAX / 4),
    requestedAtMs: run.requestedAtMs,
    startedFrom: run.startedFrom ?? '',
    state: run.state.kind,
    endReason: run.state.kind === 'ended' ? clean(reasonText(run.state.reason), REASON_MAX) : '',
    boot: run.boot,
    ...(run.footprint ? { footprint: { ...run.footprint, imageBytes: run.imageBytes } } : {}),
    cause: wireCause(run.cause ?? { kind: 'demand' }),
    ...wireFaults(run.faults),
    commandLine: run.commandLine.slice(0, ARGUMENTS_MAX).map((argument) => clean(argument, ARGUMENT_MAX)),
  };
}

function wireCause(cause: RunCause): perigee.v1.RunCause.$Properties {
  return {
    kind: cause.kind,
    ...(cause.kind === 'schedule' ? { name: cause.name } : {}),
    ...(cause.kind === 'demand' ? {} : { restart: cause.restart ?? 0 }),
  };
}

function wireFaults(faults: Faults): Pick<perigee.v1.Run.$Properties, 'faults'> {
  const { badFrames, droppedValues, first } = faults;
  if (badFrames === 0 && droppedValues === 0) return {};
  return { faults: { badFrames, droppedValues, first: clean(first ?? '', REASON_MAX) } };
}

/** `completed`, `exit-code: 3`, `crashed: double fault`: the kind, then what it carries. */
function reasonText(reason: EndReason): string {
  switch (reason.kind) {
    case 'exit-code':
      return `${reason.kind}: ${reason.code}`;
    case 'crashed':
    case 'host-refused':
      return `${reason.kind}: ${reason.detail}`;
    case 'completed':
    case 'timed-out':
    case 'killed-by-user':
    case 'out-of-memory':
    case 'never-ready':
      return reason.kind;
  }
}

function clean(text: string, max: number): string {
  return text.slice(0, max).replace(UNPRINTABLE, '\u{fffd}');
}
