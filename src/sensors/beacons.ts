import { BTHOME_OBJECT, objectName, QUANTITIES, unitsOf } from '@perigee/gatt';
import type { BthomeData, BthomeReading, QuantityName } from '@perigee/gatt';
import { beaconSensorOf } from '../domain/index.js';
import type { BeaconSensor, Unit } from '../domain/index.js';

/** Thermometers say something every minute or so, and an empty battery nothing: an old value is none. */
const STALE_US = 10 * 60e6;

/** A device nearby that says what it measures to everyone, as the configuration has it. */
export interface BeaconPlace {
  readonly name: string;
  /** "54:48:e6:8f:80:a5". */
  readonly address: string;
  /** With one, nothing else is believed than what was sealed with it. */
  readonly key?: string | undefined;
}

interface Heard {
  /** When it last said something new, or said again what nobody can say for it. */
  atUs: number;
  /** Of the sealed form. */
  counter: number;
  readonly values: Map<string, { readonly value: number; readonly atUs: number }>;
}

/**
 * What the beacons of the configuration have measured. All others are passed over, so that a crowd of them costs no
 * memory; a sealed packet counts once, so that nobody can say again tomorrow what a beacon said today.
 */
export class Beacons {
  readonly #places: ReadonlyMap<string, BeaconPlace>;
  readonly #heard = new Map<string, Heard>();

  constructor(places: readonly BeaconPlace[]) {
    this.#places = new Map(places.map((place) => [place.address.toLowerCase(), place]));
  }

  get places(): readonly BeaconPlace[] {
    return [...this.#places.values()];
  }

  /** False for what tells nothing: of somebody else, sealed with another key or not at all, or heard before. */
  hear(address: string, data: BthomeData, nowUs: number): boolean {
    const place = this.#places.get(address.toLowerCase());
    if (place === undefined || data.kind === 'sealed') return false;
    if ((place.key !== undefined) !== (data.kind === 'opened')) return false;
    const heard = this.#heard.get(place.name) ?? { atUs: nowUs, counter: -1, values: new Map() };
    if (data.kind === 'opened') {
      if (data.counter <= heard.counter) return false;
      heard.counter = data.counter;
    }
    heard.atUs = nowUs;
    this.#heard.set(place.name, heard);
    for (const { name, value } of firstOfEach(data.readings))
      if (typeof value === 'number') heard.values.set(name, { value, atUs: nowUs });
    return true;
  }

  /** In the unit of `beaconUnit`; undefined while it was not heard lately. */
  read(sensor: BeaconSensor, nowUs: number): number | undefined {
    const { name, quantity } = beaconSensorOf(sensor);
    const reading = this.#heard.get(name)?.values.get(nameOf(quantity as QuantityName));
    if (reading === undefined || nowUs - reading.atUs > STALE_US) return undefined;
    return reading.value / perUnit(quantity as QuantityName);
  }

  /** How long ago a beacon was heard; undefined for one that never was. */
  silenceUs(name: string, nowUs: number): number | undefined {
    const heard = this.#heard.get(name);
    return heard && nowUs - heard.atUs;
  }
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

/** A device with two thermometers has one that counts. */
function firstOfEach(readings: readonly BthomeReading[]): readonly BthomeReading[] {
  const names = new Set<string>([objectName(BTHOME_OBJECT.packetId)]);
  return readings.filter(({ name }) => !names.has(name) && names.add(name));
}
