import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from './tree.js';

describe('the sources', () => {
  it('pass the linter', () => {
    runTool('eslint/bin/eslint.js', '--max-warnings', '0', '.');
  });

  it('are formatted', () => {
    runTool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.');
  });
});

function runTool(script: string, ...args: readonly string[]): void {
  const result = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
}
