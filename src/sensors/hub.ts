import { assert, isBeaconSensor } from '../domain/index.js';
import type { Clock, GrantedSensor, Logger, SensorName, Unit } from '../domain/index.js';
import { beaconUnit } from './beacons.js';
import type { Beacons } from './beacons.js';
import { Board, probe } from './board.js';
import type { SensorAvailability } from './board.js';
import { isDue, nextDue } from './due.js';
import { Pacer } from './pacer.js';
import type { SensorValues } from './parse.js';

const SENSOR_UNITS: Readonly<Record<SensorName, Unit>> = {
  memory_total: 'bytes',
  memory_available: 'bytes',
  cpu_busy: 'percent',
  load_1m: 'none',
  cpu_temperature: 'celsius',
};

/** What a sensor's values are in. */
export function sensorUnit(sensor: GrantedSensor): Unit {
  return isBeaconSensor(sensor) ? beaconUnit(sensor) : SENSOR_UNITS[sensor];
}

/** The kernel counts processor time in ticks of 10 ms: faster readings would see nothing new. */
export const SENSOR_RATE_MAX_HZ = 100;
const US_PER_SECOND = 1_000_000;

export interface SensorReading {
  /** When the sources were read, on the gateway's monotonic clock. */
  readonly monotonicUs: number;
  /** Of the sensors asked for, those that had a value. At least one. */
  readonly values: readonly { readonly sensor: GrantedSensor; readonly value: number }[];
}

export interface SensorRequest {
  readonly sensors: readonly GrantedSensor[];
  /** Above 0, at most SENSOR_RATE_MAX_HZ. */
  readonly rateHz: number;
}

export interface SensorHub {
  /**
   * Delivers a reading soon, and then at the rate asked, until it is disposed of. `cpu_busy` covers the time since
   * the reading before, so it comes with the second one.
   */
  subscribe(request: SensorRequest, deliver: (reading: SensorReading) => void): Disposable;
  /** Looks at the machine now; one entry a sensor. */
  available(): Promise<readonly SensorAvailability[]>;
}

export interface SensorHubOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is heard nearby, if anything is. */
  readonly beacons?: Beacons;
  readonly procRoot?: string;
  readonly sysRoot?: string;
}

/** Reads the host's sensors once a tick, however many listen; touches nothing while nobody does. */
export function createSensorHub(options: SensorHubOptions): SensorHub {
  return new Hub(options);
}

interface Listener extends SensorRequest {
  readonly deliver: (reading: SensorReading) => void;
  /** When its next reading is due: it gets the tick that is nearest. */
  dueUs: number;
}

class Hub implements SensorHub {
  readonly #clock: Clock;
  readonly #roots: { readonly procRoot: string; readonly sysRoot: string };
  readonly #board: Board;
  readonly #beacons: Beacons | undefined;
  readonly #pacer: Pacer;
  readonly #listeners = new Set<Listener>();
  #topHz = 0;

  constructor({ beacons, clock, logger, procRoot = '/proc', sysRoot = '/sys' }: SensorHubOptions) {
    this.#clock = clock;
    this.#beacons = beacons;
    this.#roots = { procRoot, sysRoot };
    this.#board = new Board(this.#roots, logger);
    this.#pacer = new Pacer(clock, (dueUs) => this.#tick(dueUs));
  }

  subscribe({ sensors, rateHz }: SensorRequest, deliver: (reading: SensorReading) => void): Disposable {
    assert(
      rateHz > 0 && rateHz <= SENSOR_RATE_MAX_HZ,
      `a sensor rate is above 0 and at most ${SENSOR_RATE_MAX_HZ} Hz`,
    );
    const listener = { sensors, rateHz, deliver, dueUs: -Infinity };
    this.#listeners.add(listener);
    this.#retime();
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.delete(listener)) this.#retime();
      },
    };
  }

  available(): Promise<readonly SensorAvailability[]> {
    return Promise.resolve(probe(this.#roots));
  }

  #retime(): void {
    const topHz = Math.max(0, ...Array.from(this.#listeners, ({ rateHz }) => rateHz));
    if (topHz === this.#topHz) return;
    this.#topHz = topHz;
    if (topHz > 0) {
      this.#pacer.setPeriod(US_PER_SECOND / topHz);
    } else {
      this.#pacer.stop();
      this.#board[Symbol.dispose]();
    }
  }

  #tick(tickUs: number): void {
    const tickPeriodUs = US_PER_SECOND / this.#topHz;
    const due = Array.from(this.#listeners).filter(({ dueUs }) => isDue(dueUs, tickUs, tickPeriodUs));
    const monotonicUs = this.#clock.monotonicUs();
    const wanted = due.flatMap(({ sensors }) => sensors);
    const values = this.#board.read(new Set(wanted.filter((sensor) => !isBeaconSensor(sensor))));
    for (const listener of due) {
      listener.dueUs = nextDue(listener.dueUs, tickUs, US_PER_SECOND / listener.rateHz);
      const granted = this.#pick(values, listener.sensors, monotonicUs);
      // A listener that another one's delivery ended wants nothing more.
      if (granted.length > 0 && this.#listeners.has(listener))
        listener.deliver({ monotonicUs, values: granted });
    }
  }

  #pick(values: SensorValues, sensors: readonly GrantedSensor[], nowUs: number): SensorReading['values'] {
    return sensors.flatMap((sensor) => {
      const value = isBeaconSensor(sensor) ? this.#beacons?.read(sensor, nowUs) : values[sensor];
      return value === undefined ? [] : [{ sensor, value }];
    });
  }
}
