import { assert } from '../domain/index.js';
import type { RadioState } from '../domain/index.js';

export type RadioEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'advertising' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'lost'; readonly reason: string; readonly cure: string }
  | { readonly kind: 'stop' };

/**
 * off -> starting -> advertising(centrals) -> off, and unavailable from wherever the adapter is lost.
 * What a radio that is off or unavailable still hears is late, and changes nothing.
 */
export function step(state: RadioState, event: RadioEvent): RadioState {
  switch (event.kind) {
    case 'start':
      assert(state.kind === 'off' || state.kind === 'unavailable', 'a radio is started once at a time');
      return { kind: 'starting' };
    case 'advertising':
      return state.kind === 'starting' ? { kind: 'advertising', centrals: 0 } : state;
    case 'connected':
      return state.kind === 'advertising' ? { ...state, centrals: state.centrals + 1 } : state;
    case 'disconnected':
      return state.kind === 'advertising' ? { ...state, centrals: Math.max(0, state.centrals - 1) } : state;
    case 'lost':
      return state.kind === 'off' ? state : { kind: 'unavailable', reason: event.reason, cure: event.cure };
    case 'stop':
      return { kind: 'off' };
  }
}
