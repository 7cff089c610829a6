import type { Vm } from './monitor.js';

/** How soon the end of a process that is no child of ours is seen, once there is reason to look. */
const LOOK_EVERY_MS = 50;

export interface OtherProcess extends Pick<Vm, 'kill' | 'exited'> {
  /** There is reason to think that it has ended, or soon will. */
  watch(): void;
}

/** A process that somebody else started: its exit can be seen, and its status cannot. */
export function takeProcess(processId: number): OtherProcess {
  let timer: NodeJS.Timeout | undefined;
  let ended: () => void = () => undefined;
  const exited = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const look = (): void => {
    if (signal(processId, 0)) return;
    clearInterval(timer);
    ended();
  };
  const watch = (): void => {
    timer ??= setInterval(look, LOOK_EVERY_MS);
  };
  return {
    watch,
    kill(name) {
      signal(processId, name);
      watch();
    },
    exited: exited.then(() => ({ code: undefined, signal: undefined, stderr: '', missing: false })),
  };
}

/** False when there is no such process any more. */
function signal(processId: number, name: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(processId, name);
  } catch (error) {
    // EPERM: it lives, and is not ours to end.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
