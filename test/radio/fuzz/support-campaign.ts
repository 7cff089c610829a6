import assert from 'node:assert/strict';
import { reasonOf } from '../../../src/domain/index.js';
import { attacks } from './support-attacks.js';
import { corpusOf, textOf } from './support-messages.js';
import type { Message } from './support-messages.js';
import { Trial } from './support-trial.js';
import type { TrialOptions } from './support-trial.js';

/** Attacks after which everything that is made once has been made. */
const SETTLED_AFTER = 4;
/**
 * After garbage was collected: caches and compiled code come to less, and a leak of ten bytes a message in a campaign of
 * 100,000 to more.
 */
const MAX_GROWTH_MIB = 8;
/** Gateways that may be started to find what of an attack is needed. */
const MAX_TRIALS = 80;

interface CampaignOptions extends TrialOptions {
  readonly seed: number;
  /** At least so many messages. */
  readonly messages: number;
  readonly onProgress?: (messages: number) => void;
}

interface Figures {
  readonly messages: number;
  /** Values that the witness read, and of which it was notified. */
  readonly reads: number;
  readonly notifications: number;
  readonly growthMib: number;
  readonly pauseMs: number;
}

/** What a campaign found: messages after which the gateway was not well. */
export class Finding extends Error {
  readonly messages: readonly Message[];

  constructor(reason: string, messages: readonly Message[]) {
    super(reason);
    this.messages = messages;
  }
}

/** Attacks until so many messages were sent. Rejects with a Finding. */
export async function campaign(options: CampaignOptions): Promise<Figures> {
  await using trial = await Trial.open(options);
  const corpus = corpusOf(await trial.record());
  let [sent, done, before] = [0, 0, 0];
  for (const batch of attacks(corpus, options.seed)) {
    if (sent >= options.messages) break;
    await finding(batch, () => trial.attack(batch));
    sent += batch.length;
    if (++done === SETTLED_AFTER) before = (await trial.gateway.census()).bytes;
    options.onProgress?.(sent);
  }
  await finding([], () => trial.aftermath());
  const { bytes, pauseMs } = await trial.gateway.census();
  const growthMib = (bytes - before) / 2 ** 20;
  assert.ok(growthMib < MAX_GROWTH_MIB, `it has grown by ${growthMib.toFixed(1)} MiB`);
  const { notifications, reads } = trial.witness;
  return { messages: sent, reads, notifications, growthMib, pauseMs };
}

/** Why a gateway is not well after these, if it is not. */
export async function reasonAfter(
  options: TrialOptions,
  messages: readonly Message[],
): Promise<string | undefined> {
  await using trial = await Trial.open(options);
  try {
    await trial.attack(messages);
    await trial.aftermath();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** As few of them as are needed, in this order; undefined if they alone do nothing (delta debugging, Zeller 1999). */
export async function minimised(
  options: TrialOptions,
  messages: readonly Message[],
): Promise<readonly Message[] | undefined> {
  let trials = 0;
  const harms = async (some: readonly Message[]): Promise<boolean> =>
    some.length > 0 && trials++ < MAX_TRIALS && (await reasonAfter(options, some)) !== undefined;
  if (!(await harms(messages))) return undefined;
  let needed = messages;
  for (let parts = 2; needed.length > 1;) {
    const size = Math.ceil(needed.length / parts);
    const smaller = await firstOf(partsOf(needed, size), harms);
    if (smaller !== undefined) {
      needed = smaller;
      parts = smaller.length <= size ? 2 : Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(needed.length, 2 * parts);
  }
  return needed;
}

/** Each part alone, and all without it. */
function partsOf(messages: readonly Message[], size: number): readonly (readonly Message[])[] {
  const starts = Array.from({ length: Math.ceil(messages.length / size) }, (_, i) => i * size);
  return [
    ...starts.map((at) => messages.slice(at, at + size)),
    ...starts.map((at) => [...messages.slice(0, at), ...messages.slice(at + size)]),
  ];
}

async function firstOf<T>(from: readonly T[], is: (one: T) => Promise<boolean>): Promise<T | undefined> {
  for (const one of from) if (await is(one)) return one;
  return undefined;
}

async function finding(batch: readonly Message[], act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new Finding(reasonOf(error), batch);
  }
}

/** For a list of findings. */
export function listed(messages: readonly Message[]): readonly string[] {
  return messages.map(textOf);
}
