import { setTimeout as delay } from 'node:timers/promises';
import type { Vm } from './monitor.js';

/** How long each step has: a guest of ours answers in a millisecond, a busy board in less than one second. */
const STEP_MS = 1000;

/**
 * How long a guest that told its end on its console may stay. One of a family that halts when it is done may still print;
 * another has devices to close before it powers off, on a slow board; and one that has failed may print a backtrace, or dump
 * its memory, before it halts for ever.
 */
export const GRACE_MS = { halted: 200, done: 5000, failed: 2000 } as const;

/** Takes one step after the other, each with its time, until it has ended. The last step is certain. */
export async function climbDown(vm: Vm, stopFrame: Uint8Array, ended: Promise<void>): Promise<void> {
  for (const step of stepsOf(vm, stopFrame)) {
    step();
    if (await within(STEP_MS, ended)) return;
  }
  await ended;
}

function stepsOf(vm: Vm, stopFrame: Uint8Array): readonly (() => void)[] {
  const { channel, machine } = vm;
  return [
    ...(channel ? [() => void channel.send(stopFrame)] : []),
    ...(machine ? [() => machine.quit()] : []),
    () => vm.kill('SIGTERM'),
    () => vm.kill('SIGKILL'),
  ];
}

async function within(ms: number, ended: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const inTime = await Promise.race([
    ended.then(() => true),
    delay(ms, false, { signal: timer.signal }).catch(() => false), // aborted below, once the race is over
  ]);
  timer.abort();
  return inTime;
}
