import { monitorEventLoopDelay } from 'node:perf_hooks';
import { BTHOME_OBJECT } from '@perigee/gatt';
import type { Controller } from '../../../src/air/index.js';
import {
  BLENO_DRIVERS,
  buildAdvertisement,
  buildServices,
  createRadio,
  metricAddress,
} from '../../../src/radio/index.js';
import { openWorld } from '../../phones/support-phones.js';
import { SILENT } from '../../support/loggers.js';
import { IDENTITY, INFO, TIME } from '../support-gateway.js';
import { TappedAir } from '../support-raw-phone.js';
import { CONSTANT, LABELS, NAME } from './support-attacked.js';
import type { Census, Order, Told } from './support-attacked.js';
import { claimedHandles } from './support-messages.js';

/**
 * A gateway that is attacked, as a process: `fixture-attacked-gateway.js DRIVER SOCKET [DEFECT]`, with the whole database
 * and the control service. It obeys its parent, who speaks as its controller. DEFECT is hexadecimal: a packet that holds
 * it ends the process, as a defect of a driver would.
 */
const [, , wanted, airSocket = '', defect = ''] = process.argv;
const REFRESH_MS = 20;
const ADVERTISE_MS = 200;
/** Of BTHome. */
const TEMPERATURE = 0x02;
/** A controller that lies while it is asked may well be started again: not here, where the phones are to stay. */
const VIGIL_MS = 3_600_000;

const driver = BLENO_DRIVERS.find((known) => known === wanted) ?? 'stoprocent';
const air = new TappedAir();
const world = await openWorld();
const radio = createRadio({
  ...{ mode: 'virtual', driver, air, airSocket, name: NAME, logger: SILENT, vigilMs: VIGIL_MS },
});
let warnings = 0;
let refreshes = 0;
const temperature = (): number => (refreshes % 10_000) / 100;
process.on('warning', () => warnings++);

const services = buildServices({
  featured: [
    { label: LABELS.rising, unit: 'celsius', read: temperature },
    { label: LABELS.constant, unit: 'count', read: () => CONSTANT },
    { label: LABELS.unknown, unit: 'milliseconds', read: () => undefined },
  ],
  ...{ identity: IDENTITY, info: () => INFO, time: () => TIME },
});
await radio.start([...services, world.service], buildAdvertisement('Perigee', []));
const [controller] = air.attached as [Controller];
const recorded = record(controller);
setInterval(() => {
  refreshes++;
  world.time.us += REFRESH_MS * 1000;
  radio.notify(...metricAddress(0));
}, REFRESH_MS);
setInterval(() => {
  const entries = [
    { id: BTHOME_OBJECT.packetId, value: refreshes & 0xff },
    { id: TEMPERATURE, value: temperature() },
  ];
  radio.advertise(buildAdvertisement('Perigee', entries));
}, ADVERTISE_MS);
const pauses = monitorEventLoopDelay();
pauses.enable();

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'inject':
      for (const packet of order.packets) controller.toHost(Buffer.from(packet, 'hex'));
      break;
    case 'settle': {
      const claimed = claimedHandles(order.packets.map((packet) => Buffer.from(packet, 'hex')));
      for (const handle of claimed)
        controller.toHost(Buffer.of(4, 5, 4, 0, handle & 0xff, handle >> 8, 0x13));
      setImmediate(() => tell({ kind: 'settled' }));
      break;
    }
    case 'invite':
      tell({
        kind: 'invited',
        invitation: (
          await world.access.invite({
            name: order.name,
            role: 'technician',
            mayEnrol: false,
            validMs: 3_600_000,
          })
        ).link,
      });
      break;
    case 'recorded':
      tell({ kind: 'recorded', packets: [...recorded] });
      break;
    case 'census':
      tell({ kind: 'census', census: census() });
      break;
  }
}

function census(): Census {
  globalThis.gc?.();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return {
    bytes: heapUsed + arrayBuffers,
    warnings,
    centrals: radio.state.kind === 'advertising' ? radio.state.centrals : -1,
    pauseMs: Math.round(pauses.max / 1e6),
  };
}

/** Every distinct packet that its host is given. */
function record(of: Controller): Set<string> {
  const packets = new Set<string>();
  const toHost = of.toHost.bind(of);
  of.toHost = (packet) => {
    const hex = packet.toString('hex');
    if (packets.size < 1000) packets.add(hex);
    if (defect !== '' && hex.includes(defect))
      setImmediate(() => {
        throw new Error('a defect was met');
      });
    toHost(packet);
  };
  return packets;
}

function tell(told: Told): void {
  process.send?.(told);
}
