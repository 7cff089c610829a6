import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { kill } from './programs.js';
import { eventually } from './step.js';

/** Where links are listed as well. */
const LISTED = '/sys/class/bluetooth';

/** Two emulated controllers with the air between them: the gateway's is hci0; the phones' is hci1, until it is unplugged. */
export class Controllers {
  #child: ChildProcess | undefined;

  async plugIn(): Promise<void> {
    this.#child = spawn('btvirt', ['-L', '-l2'], { stdio: 'ignore' });
    await eventually(async () => {
      const adapters = (await readdir(LISTED)).filter((name) => /^hci\d+$/.test(name));
      assert.equal(adapters.length, 2);
    }, 40);
  }

  async unplug(): Promise<void> {
    if (this.#child !== undefined) await kill(this.#child);
  }
}
