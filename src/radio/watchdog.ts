/**
 * Sees whether a controller still answers, and whether it advertises. No legacy command reads the latter, but one
 * depends on it: the parameters of advertising are refused as long as it goes on (Core specification 5.0, vol 2, part E,
 * 7.8.5). What is asked for are those that it has already, so that asking changes nothing.
 */
export type Watch = {
  /** In a row, so far: advertising was off, and was put on again. */
  readonly mended: number;
} & (
  | { readonly kind: 'resting' }
  /** An answer is due, for so many ticks. */
  | { readonly kind: 'asking' | 'mending'; readonly ticks: number }
);

export type WatchEvent =
  /** Once every few seconds. */
  | { readonly kind: 'tick' }
  /** The answers to setting the parameters, and to enabling. */
  | { readonly kind: 'parameters' | 'enabled'; readonly status: number; readonly wanted: Wanted }
  /** A phone came or left: that ends advertising or begins it, and answers to what was asked before say nothing. */
  | { readonly kind: 'phones' };

/** What advertising should be at present; with phones, one that serves several is on as long as it has room for one more. */
export type Wanted = 'on' | 'off' | 'if-room';

export type WatchAct =
  | { readonly kind: 'ask' | 'enable' }
  /** Advertising was off, and is on again. */
  | { readonly kind: 'mended' }
  /** Its answers are no evidence, and it is told to advertise at every tick: said once. */
  | { readonly kind: 'untold' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'refused'; readonly status: number };

/** A tick that comes late, on a busy board, finds the answer unread: the second one finds it read. */
const PATIENCE_TICKS = 2;
/** A controller that says as often in a row that advertising is off, right after it was put on, takes what the rule forbids. */
const MAX_MENDED = 3;
const SUCCESS = 0x00;

export const AT_REST: Watch = { kind: 'resting', mended: 0 };

export function watch(state: Watch, event: WatchEvent): readonly [Watch, (WatchAct | undefined)?] {
  const { mended } = state;
  switch (event.kind) {
    case 'phones':
      return [AT_REST];
    case 'tick':
      if (state.kind === 'resting') return [{ kind: 'asking', ticks: 0, mended }, { kind: 'ask' }];
      if (state.ticks + 1 >= PATIENCE_TICKS) return [AT_REST, { kind: 'silent' }];
      return [{ ...state, ticks: state.ticks + 1 }];
    case 'parameters':
      if (state.kind !== 'asking') return [state];
      // Refused: advertising is on.
      if (event.status !== SUCCESS) return [AT_REST];
      if (event.wanted === 'off') return [AT_REST];
      return [{ kind: 'mending', ticks: 0, mended }, { kind: 'enable' }];
    case 'enabled':
      if (state.kind !== 'mending') return [state];
      if (event.status === SUCCESS) return [{ kind: 'resting', mended: mended + 1 }, toldOf(mended + 1)];
      if (event.wanted === 'on') return [AT_REST, { kind: 'refused', status: event.status }];
      return [AT_REST];
  }
}

function toldOf(mended: number): WatchAct | undefined {
  if (mended < MAX_MENDED) return { kind: 'mended' };
  return mended === MAX_MENDED ? { kind: 'untold' } : undefined;
}
