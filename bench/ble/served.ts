import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeInvitation } from '@perigee/gatt';
import type { LinkModel } from '../../src/air/index.js';
import { assert } from '../../src/domain/index.js';
import { ControlSession, openPhone } from '../../src/nearby/index.js';
import type { GatewayConnection, Phone } from '../../src/nearby/index.js';
import { airSocket, nodeCurve, systemClock } from '../../src/platform/index.js';
import { openLevelStore } from '../../src/store/index.js';
import { startGatewayProcess, type GatewayProcess } from '../../test/support/gateway-process.js';
import { SILENT } from '../../test/support/loggers.js';
import { observations } from '../store/data.js';

export const HOUR_SECONDS = 3600;
/** The bench's data begin a minute after the start of their board. */
export const BEFORE_SECONDS = 120;

export interface Served extends GatewayProcess {
  /** When its hour began. */
  readonly fromMs: number;
}

/** As a user's gateway: a process of `perigee serve` over a link as phones have it, an hour of the store bench's data, a warm guest. */
export async function startServed({ intervalMs, packetsPerEvent }: LinkModel): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'perigee-bench-ble-'));
  const fromMs = await fill(directory);
  const settings = {
    ...{ 'radio.mode': 'virtual', 'radio.link.intervalMs': String(intervalMs) },
    ...{ 'radio.link.packetsPerEvent': String(packetsPerEvent), 'web.enabled': 'false' },
    // The data are of years ago.
    ...{
      'store.keepRawDays': '36500',
      keepRunning: '[]',
      'runner.accelerator': 'tcg',
      'runner.warm': '{ hello: 1 }',
    },
  };
  return { ...(await startGatewayProcess(settings, directory)), fromMs };
}

/** The hour that ends now: a gateway sees by its own clock what was measured in the same life of the board, and corrects it. */
async function fill(directory: string): Promise<number> {
  const agoUs = (HOUR_SECONDS + BEFORE_SECONDS) * 1e6;
  const [sinceUs, fromMs] = [systemClock.monotonicUs() - agoUs, systemClock.wallMs() - agoUs / 1000];
  assert(sinceUs > 0, 'the board has been up for more than an hour');
  const now = { us: sinceUs };
  const wallMs = (): number => fromMs + Math.floor((now.us - sinceUs) / 1000);
  const clock = { monotonicUs: () => now.us, wallMs };
  await using store = await openLevelStore({ directory, logger: SILENT, clock });
  for (const { monotonicUs, samples } of observations(HOUR_SECONDS)) {
    now.us = sinceUs + monotonicUs;
    await store.append({ monotonicUs: now.us, wallMs: wallMs(), samples });
  }
  return fromMs;
}

/** A phone that has enrolled at a gateway, and comes back to it. */
export interface Visitor extends AsyncDisposable {
  /** It has heard the gateway; what follows is what a person waits for after a tap. */
  readonly near: () => Promise<void>;
  readonly connect: () => Promise<Here>;
}

interface Here extends AsyncDisposable {
  readonly connection: GatewayConnection;
  readonly session: ControlSession;
}

export async function enrol({ control, directory }: GatewayProcess, name: string): Promise<Visitor> {
  const terms = { name, role: 'technician', mayEnrol: false, validMs: 600_000 } as const;
  const invitation = decodeInvitation((await control.access.invite(terms)).link);
  assert(invitation !== undefined, 'an invitation is one');
  const { gatewayKey } = invitation;
  const known = { curve: nodeCurve, keys: nodeCurve.generate(), gatewayKey };
  const phone: Phone = await openPhone({ airSocket: airSocket(directory) });
  let sighting = await phone.find();
  const meet = async (credentials: Parameters<typeof ControlSession.open>[1]): Promise<Here> => {
    const connection = await phone.connect(sighting);
    const { session } = await ControlSession.open(connection, credentials);
    return { connection, session, [Symbol.asyncDispose]: () => connection.disconnect() };
  };
  await using first = await meet({ ...known, invitation });
  await first.session.enrol();
  return {
    near: async () => void (sighting = await phone.find()),
    connect: () => meet(known),
    [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose](),
  };
}
