import { BTHOME_OBJECT, describeReading } from '@perigee/gatt';
import type { BthomeReading } from '@perigee/gatt';
import { openPhone } from '../nearby/index.js';
import type { BthomeKeys, Sighting } from '../nearby/index.js';
import { radioOf, type NearbyOptions } from './nearby-visit.js';
import { print, printJson, table } from './output.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Gateways, and every other device that says values to everyone. */
export async function scan(env: Env, options: NearbyOptions & { readonly key: BthomeKeys }): Promise<number> {
  await using phone = await openPhone(radioOf(env, options));
  const sightings = await phone.scan({ whom: 'sensors', keys: options.key });
  const sorted = [...sightings].sort(
    (a, b) => Number(b.isGateway) - Number(a.isGateway) || strengthOf(b) - strengthOf(a),
  );
  if (options.json) printJson(sorted);
  else print(table([['NAME', 'ADDRESS', 'SIGNAL', 'IS', 'SAYS'], ...sorted.map(rowOf(options.key))]));
  return 0;
}

/** For the order: those of unknown strength come last. */
const strengthOf = ({ rssiDbm }: Sighting): number => rssiDbm ?? Number.MIN_SAFE_INTEGER;

const rowOf =
  (keys: BthomeKeys) =>
  ({ address, bthome, isGateway, name, rssiDbm }: Sighting): readonly string[] => {
    const sealed = keys.has(address.toLowerCase())
      ? 'encrypted, and not with the key that you gave'
      : `encrypted (--key ${address}=HEX)`;
    const readings = bthome === undefined || bthome.kind === 'sealed' ? [] : bthome.readings;
    const says = bthome?.kind === 'sealed' ? sealed : saidOf(readings, isGateway).join(', ');
    const signal = rssiDbm === null ? '-' : `${rssiDbm} dBm`;
    return [name, address, signal, isGateway ? 'gateway' : '', says];
  };

/** A number that only tells packets apart is for nobody; and what ours say of themselves has words of its own. */
function saidOf(readings: readonly BthomeReading[], isGateway: boolean): readonly string[] {
  return readings.flatMap((reading) => {
    const { id, value } = reading;
    if (id === BTHOME_OBJECT.packetId) return [];
    if (!isGateway) return [describeReading(reading)];
    if (id === BTHOME_OBJECT.problem) return value === true ? ['needs attention'] : [];
    if (id === BTHOME_OBJECT.running) return value === true ? [] : ['nothing runs'];
    if (id === BTHOME_OBJECT.runs) return value === 0 ? [] : [value === 1 ? '1 guest' : `${value} guests`];
    return [describeReading(reading)];
  });
}
