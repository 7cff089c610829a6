import type { MonitorEvent, VmListener } from './monitor.js';

/** A word of the monitor's own is held like so many bytes. */
const EVENT_BYTES = 64;
/** What a guest says before it has a run, by each way: a chatty boot log fits, and a flood is cut off. */
const MAX_HELD_BYTES = 64 * 1024;

type Way = 'event' | 'console' | 'channel' | 'network';

export interface Relay extends VmListener {
  /** Hands over all that came so far, in order, and from now on everything as it comes. Once. */
  attach(listener: VmListener): void;
}

/**
 * Holds what a guest without a run says, until there is one to listen. `heard` is told of each thing at once; of
 * `flooded` where frames are missing, behind which nothing more could be understood.
 */
export function createRelay(
  heard: (what: MonitorEvent | 'console' | 'channel' | 'network' | 'flooded') => void,
): Relay {
  let listener: VmListener | undefined;
  let lostBytes = 0;
  const heldBytes: Record<Way, number> = { event: 0, console: 0, channel: 0, network: 0 };
  const held: ((to: VmListener) => void)[] = [];
  const pass = (way: Way, bytes: number, say: (to: VmListener) => void): 'passed' | 'held' | 'lost' => {
    if (listener) {
      say(listener);
      return 'passed';
    }
    heldBytes[way] += bytes;
    if (heldBytes[way] > MAX_HELD_BYTES) return 'lost';
    held.push(say);
    return 'held';
  };
  return {
    event(event) {
      if (pass('event', EVENT_BYTES, (to) => to.event(event)) !== 'passed') heard(event);
    },
    console(chunk) {
      const how = pass('console', chunk.length, (to) => to.console(chunk));
      if (how === 'lost') lostBytes += chunk.length;
      if (how !== 'passed') heard('console');
    },
    channel(chunk) {
      const how = pass('channel', chunk.length, (to) => to.channel(chunk));
      if (how !== 'passed') heard(how === 'held' ? 'channel' : 'flooded');
    },
    network(lines) {
      if (listener) return listener.network(lines);
      // What it comes to is not known before there is a run to count it.
      const how = pass('network', lines.length, (to) => void to.network(lines));
      heard('network');
      return how === 'held' ? { taken: 1, dropped: 0 } : { taken: 0, dropped: 1 };
    },
    attach(to) {
      held.splice(0).forEach((say) => say(to));
      if (lostBytes > 0) to.console(new TextEncoder().encode(lostMark(lostBytes)));
      listener = to;
    },
  };
}

/** No new line before it: half a line of metrics must not be taken for a whole one. */
function lostMark(bytes: number): string {
  return `[${bytes} bytes were printed here before there was a run, and are not kept]\n`;
}
