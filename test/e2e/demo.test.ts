import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { DemoSummary } from '../../src/cli/index.js';
import { lastLine, perigee } from '../support/command.js';
import { PERIGEE } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('demo');
const base = ['--set', 'web.port=0', '--set', 'radio.mode=virtual'];

describe('perigee demo', () => {
  it('stores, reads over Bluetooth LE and uploads, then ends by itself with a summary', async () => {
    const { status, stdout, stderr } = await perigee([
      'demo',
      '--for',
      '12s',
      '--json',
      '--data',
      join(folder, 'a'),
      ...base,
    ]);
    assert.equal(status, 0, stderr);
    const summary = JSON.parse(lastLine(stdout)) as DemoSummary;
    assert.equal(stdout.trimEnd().split('\n').length, 1, 'nothing but the summary is on standard output');
    assert.ok(summary.runs >= 2, 'hostsense, and hello at least once');
    assert.ok(summary.metrics >= 8, stdout);
    assert.ok(summary.samplesStored >= 8 * 5, stdout);
    assert.ok(summary.bleReads >= 1, stdout);
    assert.ok(summary.batchesAcknowledged >= 1, stdout);
    assert.equal(
      summary.samplesAcknowledged,
      summary.samplesStored,
      'what was stored is at the backend when it ends',
    );
    assert.match(stderr, /virtual/);
  });

  it('stops cleanly on Ctrl-C, with its summary', async () => {
    const child = spawn(process.execPath, [PERIGEE, 'demo', '--data', join(folder, 'b'), ...base], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    let interrupted = false;
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (!interrupted && /guests?, [1-9]/.test(stdout)) interrupted = child.kill('SIGINT');
    });
    const [status] = (await once(child, 'close')) as [number | null];
    assert.equal(status, 0, stdout);
    assert.match(stdout, /Samples stored +[1-9]/);
  });
});
