import { BTHOME_OBJECT, objectName, QUANTITIES, QUANTITY_NAMES, unitsOf } from '@perigee/gatt';
import type { BthomeData, BthomeReading, QuantityName } from '@perigee/gatt';
import { beaconSensorOf } from '../domain/index.js';
import type { BeaconSensor, BeaconStatus, Unit } from '../domain/index.js';
import { REFUSALS, silent, WITHOUT_VALUES } from './beacon-troubles.js';
import type { Refusal } from './beacon-troubles.js';

/** Thermometers say something every minute or so, and an empty battery nothing: an old value is none. */
const STALE_US = 10 * 60e6;

/** A device nearby that says what it measures to everyone, as the configuration has it. */
interface BeaconPlace {
  readonly name: string;
  /** "54:48:e6:8f:80:a5". */
  readonly address: string;
  /** With one, nothing else is believed than what was sealed with it. */
  readonly key?: string | undefined;
}

interface Heard {
  readonly values: Map<string, { readonly value: number; readonly atUs: number }>;
  /** When it last said something new. */
  atUs?: number;
  /** Of the sealed form. */
  counter: number;
  /** Of the plain one, where the beacon counts its packets. */
  packetId?: number | undefined;
  refused?: { readonly why: Refusal; readonly atUs: number };
}

/**
 * What the beacons of the configuration have measured. All others are passed over, so that a crowd of them costs no
 * memory; a sealed packet counts once, so that nobody can say again tomorrow what a beacon said today.
 */
export class Beacons {
  readonly #places: ReadonlyMap<string, BeaconPlace>;
  readonly #heard: ReadonlyMap<string, Heard>;

  constructor(places: readonly BeaconPlace[]) {
    this.#places = new Map(places.map((place) => [place.address.toLowerCase(), place]));
    this.#heard = new Map(places.map(({ name }) => [name, { values: new Map(), counter: -1 }]));
  }

  hear(address: string, data: BthomeData, nowUs: number): void {
    const place = this.#places.get(address.toLowerCase());
    const heard = place && this.#heard.get(place.name);
    if (heard === undefined) return;
    const why = refusal(data, place?.key !== undefined, heard);
    if (why !== undefined) {
      heard.refused = { why, atUs: nowUs };
      return;
    }
    heard.atUs = nowUs;
    if (data.kind === 'sealed') return;
    if (data.kind === 'opened') heard.counter = data.counter;
    else heard.packetId = packetIdOf(data.readings);
    for (const { name, value } of firstOfEach(data.readings))
      if (typeof value === 'number') heard.values.set(name, { value, atUs: nowUs });
  }

  /** In the unit of `beaconUnit`; undefined while it was not heard lately. */
  read(sensor: BeaconSensor, nowUs: number): number | undefined {
    const { name, quantity } = beaconSensorOf(sensor);
    const reading = this.#heard.get(name)?.values.get(nameOf(quantity as QuantityName));
    if (reading === undefined || nowUs - reading.atUs > STALE_US) return undefined;
    return reading.value / perUnit(quantity as QuantityName);
  }

  status(nowUs: number): readonly BeaconStatus[] {
    return Array.from(this.#places.values(), ({ address, name }) => {
      const values = QUANTITY_NAMES.flatMap((quantity) => {
        const sensor: BeaconSensor = `beacon/${name}/${quantity}`;
        const value = this.read(sensor, nowUs);
        return value === undefined ? [] : [{ quantity, value, unit: beaconUnit(sensor) }];
      });
      const heard = this.#heard.get(name);
      const silentUs = heard?.atUs === undefined ? undefined : nowUs - heard.atUs;
      return {
        ...{ name, address, values },
        ...(silentUs !== undefined && { silentSeconds: silentUs / 1e6 }),
        ...(values.length === 0 && { trouble: troubleOf(heard?.refused, silentUs, nowUs) }),
      };
    });
  }
}

function refusal(data: BthomeData, hasKey: boolean, heard: Heard): Refusal | undefined {
  switch (data.kind) {
    case 'sealed':
      return hasKey ? 'other-key' : 'no-key';
    case 'opened':
      if (!hasKey) return 'no-key';
      return data.counter > heard.counter ? undefined : 'repeated';
    case 'plain': {
      if (hasKey) return 'unsealed';
      const packetId = packetIdOf(data.readings);
      // Said again: what was measured is as old as it was (https://bthome.io/format, packet id).
      return packetId !== undefined && packetId === heard.packetId ? 'repeated' : undefined;
    }
  }
}

/** What was refused lately tells more than silence does. */
function troubleOf(
  refused: Heard['refused'],
  silentUs: number | undefined,
  nowUs: number,
): NonNullable<BeaconStatus['trouble']> {
  if (refused !== undefined && nowUs - refused.atUs <= STALE_US) return REFUSALS[refused.why];
  return silentUs !== undefined && silentUs <= STALE_US ? WITHOUT_VALUES : silent(silentUs);
}

/** What a value of this sensor is in. */
export function beaconUnit(sensor: BeaconSensor): Unit {
  return unitsOf(beaconSensorOf(sensor).quantity as QuantityName)[0] as Unit;
}

function nameOf(quantity: QuantityName): string {
  return objectName(QUANTITIES[quantity].object);
}

/** How much of BTHome's unit one of ours is. */
function perUnit(quantity: QuantityName): number {
  return Object.values(QUANTITIES[quantity].from)[0] ?? 1;
}

function packetIdOf(readings: readonly BthomeReading[]): number | undefined {
  const value = readings.find(({ id }) => id === BTHOME_OBJECT.packetId)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** A device with two thermometers has one that counts. */
function firstOfEach(readings: readonly BthomeReading[]): readonly BthomeReading[] {
  const names = new Set<string>([objectName(BTHOME_OBJECT.packetId)]);
  return readings.filter(({ name }) => !names.has(name) && names.add(name));
}
