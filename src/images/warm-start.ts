import type { Image, WarmStart } from '../domain/index.js';

/**
 * How guests of the image can be kept ready. Ours boots, says hello, and waits without using the processor; of others
 * nobody knows when they have done nothing yet, so they wait before their first instruction.
 */
export function warmStart({ afterRestart, flavour, keptReady, metrics }: Image): WarmStart | undefined {
  // What has no run yet is of no use to the next gateway.
  if (afterRestart === 'adopt') return undefined;
  return flavour === 'perigee' && metrics === 'frames' ? (keptReady ?? 'booted') : 'stopped';
}
