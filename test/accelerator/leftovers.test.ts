import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { endLeftTrials } from '../../src/accelerator/leftovers.js';
import { SILENT } from '../support/loggers.js';

/** A process that looks like a trial that `owner` holds. */
async function trialOf(owner: number): Promise<ChildProcess> {
  const child = spawn('sleep', ['600'], { argv0: `perigee-trial-${owner}-kvm,process=x`, stdio: 'ignore' });
  after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child;
}

const isThere = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

describe('trials of earlier processes', () => {
  it('are ended when their process is gone, and left alone while it lives', async () => {
    const gone = spawnSync('true').pid;
    const living = process.ppid;
    const [left, others] = [await trialOf(gone), await trialOf(living)];
    const ended = once(left, 'exit');
    await endLeftTrials(SILENT);
    await ended;
    assert.equal(left.signalCode, 'SIGKILL');
    assert.equal(isThere(others), true);
  });

  it('that had our own process id before us are ended too', async () => {
    const left = await trialOf(process.pid);
    const ended = once(left, 'exit');
    await endLeftTrials(SILENT);
    await ended;
    assert.equal(left.signalCode, 'SIGKILL');
  });
});
