import type { MonitorEvent, VmListener } from './monitor.js';

/** A word of the monitor's own is held like so many bytes. */
const EVENT_BYTES = 64;
/** What a guest says before it has a run; a chatty boot log fits, and a flood is cut off. */
const MAX_HELD_BYTES = 64 * 1024;

export interface Relay extends VmListener {
  /** Hands over all that came so far, in order, and from now on everything as it comes. Once. */
  attach(listener: VmListener): void;
}

/** Holds what a guest without a run says, until there is one to listen. `heard` is told of each thing at once. */
export function createRelay(heard: (what: MonitorEvent | 'console' | 'channel' | 'network') => void): Relay {
  let listener: VmListener | undefined;
  let heldBytes = 0;
  const held: ((to: VmListener) => void)[] = [];
  const pass = (bytes: number, say: (to: VmListener) => void): void => {
    if (listener) return say(listener);
    heldBytes += bytes;
    if (heldBytes <= MAX_HELD_BYTES) held.push(say);
  };
  return {
    event(event) {
      pass(EVENT_BYTES, (to) => to.event(event));
      if (!listener) heard(event);
    },
    console(chunk) {
      pass(chunk.length, (to) => to.console(chunk));
      if (!listener) heard('console');
    },
    channel(chunk) {
      pass(chunk.length, (to) => to.channel(chunk));
      if (!listener) heard('channel');
    },
    network(lines) {
      if (listener) return listener.network(lines);
      // What it comes to is not known before there is a run to count it.
      pass(lines.length, (to) => void to.network(lines));
      heard('network');
      return { taken: 1, dropped: 0 };
    },
    attach(to) {
      held.splice(0).forEach((say) => say(to));
      listener = to;
    },
  };
}
