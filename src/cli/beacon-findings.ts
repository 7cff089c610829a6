import type { BeaconStatus, NearbyStatus } from '../domain/index.js';
import type { Finding } from './findings.js';
import { formatSpan, formatValue } from './output.js';

/** What the gateway that runs hears of the beacons that its configuration names. */
export function beaconsOf(nearby: NearbyStatus | undefined): readonly Finding[] {
  if (nearby === undefined) return [];
  const { beacons, listener } = nearby;
  const found = beacons.map(beaconOf);
  switch (listener.kind) {
    case 'starting':
      return [{ name: 'Beacons', verdict: 'ok', text: 'the listener waits for the radio' }, ...found];
    case 'listening':
      return [{ name: 'Beacons', verdict: 'ok', text: `listens for ${beacons.length}` }, ...found];
    case 'unavailable': {
      const { cure, reason } = listener;
      return [{ name: 'Beacons', verdict: 'note', text: `none is heard: ${reason}`, cure }];
    }
  }
}

function beaconOf({ name, silentSeconds = 0, trouble, values }: BeaconStatus): Finding {
  const age = `${formatSpan(silentSeconds * 1000)} ago`;
  if (trouble !== undefined) {
    const last = silentSeconds === 0 ? '' : `; the last news was ${age}`;
    return { name: `Beacon ${name}`, verdict: 'note', text: `${trouble.reason}${last}`, cure: trouble.cure };
  }
  const said = values.map(({ quantity, unit, value }) => `${quantity} ${formatValue(value, unit)}`);
  return { name: `Beacon ${name}`, verdict: 'ok', text: `${said.join(', ')}, ${age}` };
}
