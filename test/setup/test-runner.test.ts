import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { outcomeOf, type Outcome } from './support-machine.js';
import { ROOT } from './support-scripts.js';

const GOOD = `it('is good', () => {});`;
const BAD = `it('is bad', () => { throw new Error('the whole reason'); });`;

describe('the test runner', () => {
  it('counts leaves: no suite, and no test that only holds others', async () => {
    const outcome = await runTests({
      'a.test': `describe('suite', () => { ${GOOD} describe('inner', () => { ${GOOD} }); });`,
      'b.test': `it('parent', async (t) => { await t.test('one', () => {}); await t.test('two', () => {}); }); ${GOOD}`,
    });
    assertEnds(outcome, '5 passed, 0 failed', 0);
  });

  it('counts a failed test once, though its suite fails with it, and says why at the end', async () => {
    const outcome = await runTests({
      'a.test': `describe('suite', () => { ${BAD} ${GOOD} });`,
      'b.test': GOOD,
    });
    assertEnds(outcome, '2 passed, 1 failed', 1);
    assert.match(outcome.stdout.slice(outcome.stdout.indexOf('failing tests')), /the whole reason/);
  });

  it('takes a hook that fails for a failure, though every test passed', async () => {
    const outcome = await runTests({
      'a.test': `describe('s', () => { after(() => { throw new Error('x'); }); ${GOOD} });`,
    });
    assertEnds(outcome, '1 passed, 1 failed', 1);
  });

  it('counts neither what is skipped nor what is to do', async () => {
    const outcome = await runTests({
      'a.test': `${GOOD} it.skip('s', () => {}); it.todo('t', () => { throw 1; });`,
    });
    assertEnds(outcome, '1 passed, 0 failed', 0);
    assert.match(outcome.stdout, /^2 skipped or to do$/m);
  });

  const crashes = {
    'throws when it is loaded': `throw new Error('x');`,
    'cannot be parsed': `it(`,
    'dies of a signal after its last test': `it('a', () => {}); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50);`,
    'ends by process.exit(0) in the middle': `it('a', () => new Promise((r) => setTimeout(r, 50))); it('b', () => process.exit(0)); ${BAD}`,
    'holds no test': `console.log('nothing');`,
  };
  for (const [what, text] of Object.entries(crashes)) {
    it(`takes a file for a failure that ${what}`, async () => {
      const outcome = await runTests({ 'a.test': text, 'b.test': GOOD });
      assert.equal(outcome.status, 1);
      assert.match(lastLine(outcome), /^[12] passed, 1 failed$/);
    });
  }

  it('does not run a compiled test of which the source is gone', async () => {
    const outcome = await runTests({ 'a.test': GOOD }, { compiledOnly: { 'old.test': BAD } });
    assertEnds(outcome, '1 passed, 0 failed', 0);
  });

  it('fails when a test is not compiled', async () => {
    const outcome = await runTests({ 'a.test': GOOD }, { sourceOnly: ['new.test'] });
    assert.equal(outcome.status, 1);
    assert.match(outcome.stderr, /^dist\/test\/new\.test\.js is missing: build first/);
  });

  it('takes no test at all for a failure', async () => {
    assertEnds(await runTests({ 'a.test': GOOD }, { args: ['e2e'] }), '0 passed, 1 failed', 1);
  });

  it('runs the group, the files and the names that it is told to', async () => {
    const tree = {
      'e2e/far.test': GOOD,
      'near.test': `${GOOD} it('is other', () => {});`,
      'lint.slow.test': GOOD,
      'whole.vm.test': GOOD,
    };
    assertEnds(await runTests(tree, { args: ['all'] }), '4 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['e2e'] }), '1 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['unit'] }), '2 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['bluetooth-vm'] }), '1 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['all', 'near'] }), '2 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['all', 'test/near.test.ts'] }), '2 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['all', 'is other'] }), '1 passed, 0 failed', 0);
    assertEnds(await runTests(tree, { args: ['all', 'no such name'] }), '0 passed, 1 failed', 1);
  });

  it('keeps its guard from the programs that a test starts', async () => {
    const child = `['-e', "if (process.env.NODE_OPTIONS) throw 1; process.exit(0)"]`;
    const text = `it('a', () => { assert.equal(spawnSync(process.execPath, ${child}).status, 0); });`;
    assertEnds(await runTests({ 'a.test': text }), '1 passed, 0 failed', 0);
  });
});

const PREAMBLE = `
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
`;

interface Extra {
  readonly args?: readonly string[];
  readonly compiledOnly?: Readonly<Record<string, string>>;
  readonly sourceOnly?: readonly string[];
}

/** The real runner in a tree that holds these compiled tests, each with a source. */
async function runTests(tests: Readonly<Record<string, string>>, extra: Extra = {}): Promise<Outcome> {
  const root = mkdtempSync(join(tmpdir(), 'perigee-runner-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
    write('package.json', '{ "type": "module" }');
    for (const name of [...Object.keys(tests), ...(extra.sourceOnly ?? [])]) write(`test/${name}.ts`, '');
    for (const [name, text] of Object.entries({ ...tests, ...extra.compiledOnly }))
      write(`dist/test/${name}.js`, PREAMBLE + text);
    const args = [join(root, 'scripts/test.mjs'), ...(extra.args ?? ['all'])];
    // Without the environment of this test: a runner inside a test file runs nothing.
    return await outcomeOf(
      spawn(process.execPath, args, { cwd: root, env: {}, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

const lastLine = ({ stdout }: Outcome): string => stdout.split('\n').at(-2) ?? '';

function assertEnds(outcome: Outcome, line: string, status: number): void {
  assert.equal(lastLine(outcome), line, `${outcome.stdout}\n${outcome.stderr}`);
  assert.equal(outcome.status, status);
}
