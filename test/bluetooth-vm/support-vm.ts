import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
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
    const faults: string[] = [];
    let finished = false;
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
          const said = JSON.parse(json) as Partial<Outcome & { fault: string; finished: true }>;
          if (said.claim !== undefined) outcomes.set(said.claim, { claim: said.claim, ms: 0, ...said });
          if (said.fault !== undefined) faults.push(said.fault);
          finished ||= said.finished === true;
        }
      };
      await machine.runMachine(parts, [PROGRAM, driver, passes.join(',')], heard, LIMIT_MS);
    });

    const check = (claim: string, judge: (test: TestContext) => void): void => {
      it(claim, (test) => {
        if (missing === undefined) judge(test);
        else test.skip(missing);
      });
    };

    for (const claim of passes.flatMap((name) => PASSES[name].claims)) {
      check(claim, (test) => {
        const outcome = outcomes.get(claim);
        assert(outcome !== undefined, 'the machine did not come to this: see the last of these tests');
        if (outcome.error !== undefined) assert.fail(outcome.error);
        test.diagnostic(`${outcome.ms} ms in the machine`);
      });
    }

    check('every central begins and ends, and the machine with them', () => {
      const said = `its console:\n${console.slice(-SHOWN_LINES).join('\n')}`;
      assert.deepEqual(faults, [], said);
      assert(finished, `the machine ended too soon; ${said}`);
    });
  });
}
