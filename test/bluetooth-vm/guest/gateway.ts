import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { decodeInvitation, ENVIRONMENT, type InvitationLink } from '@perigee/gatt';
import type { GatewayControl, RadioState } from '../../../src/domain/index.js';
import { controlSocket } from '../../../src/platform/index.js';
import type { BlenoDriver } from '../../../src/radio/index.js';
import { connectControl } from '../../../src/web/index.js';
import { PERIGEE } from '../../support/gateway-process.js';
import { kill } from './programs.js';
import { eventually } from './step.js';

/** Of btvirt's first controller. */
export const GATEWAY_ADDRESS = '00:AA:01:00:00:00';
export const GATEWAY_NAME = 'Orchard';
/** What the machine has no sensor of, and its gateway does not serve. */
export const UNSERVED: readonly string[] = [ENVIRONMENT.humidity, ENVIRONMENT.pressure];
const DATA = '/tmp/gateway';
/** Long enough for a gateway that starts on an emulated processor that is busy. */
const START_TRIES = 180;

/** `perigee serve` as a board runs it, on the first adapter, in a process that can be killed and started again. */
export class ServedGateway {
  readonly #settings: readonly string[];
  readonly control: GatewayControl = connectControl(controlSocket(DATA));
  #child: ChildProcess | undefined;

  constructor(driver: BlenoDriver) {
    const settings = {
      name: GATEWAY_NAME,
      'radio.driver': driver,
      'runner.accelerator': 'tcg',
      'web.enabled': false,
    };
    this.#settings = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${String(value)}`]);
  }

  /** Resolves when it is up, which is before its radio is. */
  async start(): Promise<void> {
    const args = [PERIGEE, 'serve', '--data', DATA, ...this.#settings];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    if (!(first instanceof Buffer)) throw new Error(`the gateway ended with ${String(first)}`);
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await kill(this.#child);
  }

  async radio(): Promise<RadioState> {
    return (await this.control.status()).radio.state;
  }

  async untilAdvertising(): Promise<void> {
    await eventually(async () => {
      const state = await this.radio();
      if (state.kind !== 'advertising') throw new Error(`the radio is ${JSON.stringify(state)}`);
    }, START_TRIES);
  }

  /** As `perigee technician add` shows it. */
  async invite(name: string): Promise<InvitationLink> {
    const { link } = await this.control.access.invite({
      name,
      role: 'technician',
      mayEnrol: false,
      validMs: 600_000,
    });
    const invitation = decodeInvitation(link);
    if (invitation === undefined) throw new Error(`no invitation: ${link}`);
    return invitation;
  }
}
