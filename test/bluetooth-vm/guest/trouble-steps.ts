import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { Bluetoothd, bluetoothctl } from './bluetoothd.js';
import { GATEWAY_ADDRESS } from './gateway.js';
import { eventually, pass, type Machine } from './step.js';

/** Half a minute between two attempts at most, and a minute more. */
const PATIENT = 360;

/** Every Bluetooth adapter, also those to come: an rfkill_event (linux/rfkill.h) of index, type, operation, soft and hard. */
async function block(blocked: boolean): Promise<void> {
  const [bluetooth, changeAll] = [2, 3];
  await writeFile('/dev/rfkill', Uint8Array.of(0, 0, 0, 0, bluetooth, changeAll, blocked ? 1 : 0, 0));
}

/** What a board's owner does to an adapter. */
class Trouble implements AsyncDisposable {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Until the radio says why it is silent. */
  async hears(reason: RegExp): Promise<void> {
    await eventually(async () => {
      const state = await this.machine.gateway.radio();
      assert(state.kind === 'unavailable', `the radio is ${state.kind}`);
      assert.match(state.reason, reason);
    }, PATIENT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await block(false);
    await this.machine.gateway.untilAdvertising();
  }
}

export const troublePass = pass(
  (machine) => Promise.resolve(new Trouble(machine)),
  [
    {
      claim: 'an adapter that is pulled out is said to be gone',
      async show(trouble) {
        await trouble.machine.controllers.unplug();
        await trouble.hears(/is gone|no Bluetooth adapter/);
      },
    },
    {
      claim: 'one that is plugged in while rfkill blocks it is said to be blocked',
      async show(trouble) {
        await block(true);
        await trouble.machine.controllers.plugIn();
        await trouble.hears(/blocked by rfkill \(hci0\)/);
      },
    },
    {
      claim: 'once unblocked, the gateway advertises on it by itself',
      async show({ machine: { gateway } }) {
        await block(false);
        await gateway.untilAdvertising();
      },
    },
    {
      claim: 'bluetoothd is named where it holds the adapter, and the gateway goes on once it has let go',
      async show(trouble) {
        const { gateway } = trouble.machine;
        await gateway.kill();
        {
          await using daemon = await Bluetoothd.start();
          await using control = bluetoothctl();
          await control.expect(/Agent registered/);
          await control.ask(`select ${GATEWAY_ADDRESS}`, /./);
          await control.ask('power on', /Changing power on succeeded/, /Failed/);
          await gateway.start();
          await trouble.hears(
            new RegExp(`hci0 is held by bluetoothd \\(process ${String(daemon.processId)}\\)`),
          );
          await control.ask('power off', /Changing power off succeeded/, /Failed/);
        }
        await gateway.untilAdvertising();
      },
    },
  ],
);
