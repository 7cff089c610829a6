/**
 * The gateway's side of a bench, as a process of its own: `station.js ours|peer DRIVER SOCKET`. Obeys its parent's orders,
 * one after another. Ours is the radio as a gateway has it, with its guard, its services and its sessions; the peer is the
 * same driver as it comes, with one characteristic that notifies of a constant.
 */
import { METRICS_SERVICE, metricUuid } from '@perigee/gatt';
import { Access } from '../../src/access/index.js';
import { Air, offerDevice, serveAir, withoutExitHooks } from '../../src/air/index.js';
import type { LinkModel } from '../../src/air/index.js';
import type { GatewayControl, HistoryPacker, TimeKeeper } from '../../src/domain/index.js';
import { createPhoneService } from '../../src/phones/index.js';
import { nodeCurve, systemClock } from '../../src/platform/index.js';
import { loadBleno } from '../../src/radio/bleno-loader.js';
import type { Hci } from '../../src/radio/bleno-types.js';
import {
  BLENO_DRIVERS,
  buildAdvertisement,
  buildServices,
  createRadio,
  metricAddress,
} from '../../src/radio/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { createMemoryStore } from '../../test/fakes/memory-store.js';
import { SILENT } from '../../test/support/loggers.js';

export type Order =
  /** As fast as it can, at every turn of its loop; or so many times a second; of values of so many bytes (the peer only). */
  | { readonly what: 'notify'; readonly perSecond?: number; readonly bytes?: number }
  | { readonly what: 'rest' }
  /** Answered with a Usage. */
  | { readonly what: 'usage' };

export interface Usage {
  readonly cpuUs: number;
  /** Of the heap and what hangs on it, after a collection. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** Of the featured metric, and so of the peer's constant. */
const VALUE_BYTES = 2;
/** Values that may wait in the driver: the peer has no bound of its own, and would send from memory. */
const MAX_WAITING = 8;
const TICK_MS = 2;

const nothing = (): void => undefined;

interface Station {
  /** Tries to notify of a value: what does not fit is dropped. */
  readonly notify: (bytes: number) => void;
}

const [, , kind, driverName, socket = '', linkText] = process.argv;
const driver = BLENO_DRIVERS.find((each) => each === driverName) ?? 'stoprocent';
const link = linkText === undefined ? undefined : (JSON.parse(linkText) as LinkModel);
const station = kind === 'ours' ? await ours(driver, socket, link) : await peer(driver, socket, link);
let stop = nothing;
process.on('message', (order: Order) => {
  if (order.what === 'usage') {
    globalThis.gc?.();
    const { external, heapUsed, rss } = process.memoryUsage();
    const { system, user } = process.cpuUsage();
    process.send?.({ cpuUs: system + user, heapBytes: heapUsed + external, rssBytes: rss } satisfies Usage);
    return;
  }
  stop();
  stop = order.what === 'rest' ? nothing : notifying(station, order.bytes ?? VALUE_BYTES, order.perSecond);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

function notifying({ notify }: Station, bytes: number, perSecond: number | undefined): () => void {
  if (perSecond !== undefined) {
    const perTick = (perSecond * TICK_MS) / 1000;
    const timer = setInterval(() => {
      for (let i = 0; i < perTick; i += 1) notify(bytes);
    }, TICK_MS);
    return () => clearInterval(timer);
  }
  let goesOn = true;
  const turn = (): void => {
    for (let i = 0; i < MAX_WAITING; i += 1) notify(bytes);
    if (goesOn) setImmediate(turn);
  };
  turn();
  return () => (goesOn = false);
}

async function ours(chosen: BlenoDriver, airSocket: string, model: LinkModel | undefined): Promise<Station> {
  const identity = nodeCurve.generate();
  const clock = systemClock;
  const { access: store } = createMemoryStore();
  const access = await Access.open({ store, gatewayKey: identity.publicKey, clock, logger: SILENT });
  const phones = createPhoneService({
    // No phone of a station gets as far as a command.
    ...{
      curve: nodeCurve,
      identity,
      access,
      control: {} as GatewayControl,
      history: {} as HistoryPacker,
      time: {} as TimeKeeper,
      clock,
      logger: SILENT,
    },
    gateway: { gatewayId: '0123456789abcdef', gatewayName: 'Bench' },
  });
  const address = metricAddress(0);
  let value = 0;
  const services = buildServices({
    featured: [{ label: 'CPU temperature', unit: 'celsius', read: () => value }],
    identity: { manufacturer: 'Perigee', model: 'Gateway', firmware: '0', serial: '0123456789abcdef' },
    time: () => undefined,
    info: () => new Uint8Array(),
  });
  const radio = createRadio({
    ...{ mode: 'virtual', driver: chosen, airSocket, name: 'Bench', logger: SILENT },
    ...(model === undefined ? {} : { link: model }),
  });
  await radio.start([...services, phones.service], buildAdvertisement('Bench', []));
  return {
    notify() {
      value = (value + 1) % 100;
      radio.notify(...address);
    },
  };
}

async function peer(chosen: BlenoDriver, airSocket: string, link: LinkModel | undefined): Promise<Station> {
  const air = new Air(link === undefined ? {} : { link });
  await serveAir(air, airSocket, SILENT);
  const device = offerDevice(air.attach());
  process.env['HCI_CHANNEL_USER'] = '1';
  process.env['BLENO_HCI_DEVICE_ID'] = String(device.id);
  const loaded = loadBleno(chosen, device.id);
  const { bleno } = loaded;
  let push: ((data: Buffer) => void) | undefined;
  const constant = Buffer.alloc(VALUE_BYTES, 0x5a);
  const characteristic = new bleno.Characteristic({
    ...loaded.characteristicOptions({
      read: (_connection, _offset, answer) => answer(0, constant),
      write: (_connection, _data, answer) => answer(0),
      subscribe: (_connection, given) => (push = given),
      unsubscribe: () => (push = undefined),
    }),
    ...{ uuid: metricUuid(0), properties: ['read', 'notify'], descriptors: [] },
  });
  // Only its own queue is left out of our types: ours takes its place.
  const hci = bleno._bindings._hci as Hci & { readonly _aclOutQueue: readonly unknown[] };
  await new Promise<void>((resolve) => {
    hci.once('leAdvertisingParametersSet', () => resolve());
    withoutExitHooks(() => bleno.on('stateChange', nothing));
  });
  bleno.setServices([new bleno.PrimaryService({ uuid: METRICS_SERVICE, characteristics: [characteristic] })]);
  const { data, scanResponse } = buildAdvertisement('Bench', []);
  bleno.startAdvertisingWithEIRData(Buffer.from(data), Buffer.from(scanResponse));
  const values = new Map<number, Buffer>([[VALUE_BYTES, constant]]);
  return {
    notify(bytes) {
      if (hci._aclOutQueue.length >= MAX_WAITING) return;
      const value = values.get(bytes) ?? Buffer.alloc(bytes, 0x5a);
      values.set(bytes, value);
      push?.(value);
    },
  };
}
