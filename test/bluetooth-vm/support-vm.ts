import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import type { BlenoDriver } from '../../src/radio/index.js';
import { PASSES, type PassName } from './guest/passes.js';
import type { Outcome } from './guest/step.js';

/** Downloads, a compiler, and a machine that is emulated beside other tests. A file of tests has five minutes. */
const LIMIT_MS = 4.5 * 60_000;
const PROGRAM = 'dist/test/bluetooth-vm/guest/main.js';
/** Of the console, enough to see why it ended. */
const SHOWN_LINES = 60;

interface Parts {
  readonly release: string;
}

/** scripts/bluetooth-vm/machine.mjs */
interface MachineScript {
  prepareMachine(root: string): Promise<Parts>;
  runMachine(
    parts: Parts,
    program: readonly string[],
    heard: (line: string) => void,
    ms: number,
  ): Promise<void>;
}

/**
 * The passes as tests: run in one virtual machine, before the first of them is judged. Where its parts cannot be had,
 * all are skipped, with the reason; with `required` they fail.
 */
export function describeInVm(
  title: string,
  { driver, passes, required }: { driver: BlenoDriver; passes: readonly PassName[]; required: boolean },
): void {
  describe(title, { timeout: LIMIT_MS }, () => {
    const outcomes = new Map<string, Outcome>();
    const console: string[] = [];
    let missing: string | undefined;

    before(async () => {
      const path = join(PACKAGE_ROOT, 'scripts', 'bluetooth-vm', 'machine.mjs');
      const machine = (await import(pathToFileURL(path).href)) as MachineScript;
      const parts = await machine.prepareMachine(PACKAGE_ROOT).catch((error: unknown) => {
        if (required) throw error;
        missing = `the parts of the virtual machine cannot be had: ${String(error)}`;
      });
      if (parts === undefined) return;
      const heard = (line: string): void => {
        const json = /^@@ (\{.*\})$/.exec(line.trim())?.[1];
        if (json === undefined) console.push(line);
        else {
          const outcome = JSON.parse(json) as Outcome;
          outcomes.set(outcome.claim, outcome);
        }
      };
      await machine.runMachine(parts, [PROGRAM, driver, passes.join(',')], heard, LIMIT_MS);
    });

    for (const claim of passes.flatMap((name) => PASSES[name].claims)) {
      it(claim, (test) => {
        if (missing !== undefined) {
          test.skip(missing);
          return;
        }
        const outcome = outcomes.get(claim);
        const said = console.slice(-SHOWN_LINES).join('\n');
        assert(outcome !== undefined, `the machine ended before it came to this; its console:\n${said}`);
        if (outcome.error !== undefined) assert.fail(`${outcome.error}\nThe machine's console:\n${said}`);
        test.diagnostic(`${outcome.ms} ms in the machine`);
      });
    }
  });
}
