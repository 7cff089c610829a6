import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lookAtKvm } from '../../src/accelerator/device.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('kvm-device');
/** No account of anybody's, on any Linux. */
const NOBODY = 65534;

/** Without root's right to open everything, where the test has it. */
async function asNobody<T>(action: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('a look at /dev/kvm', () => {
  it('finds what opens, and its stamp changes with its mode', async () => {
    const path = join(folder, 'opens');
    writeFileSync(path, '', { mode: 0o600 });
    const before = await lookAtKvm(path);
    chmodSync(path, 0o660);
    const after = await lookAtKvm(path);
    assert.deepEqual([before.kind, after.kind], ['opens', 'opens']);
    assert.notDeepEqual(before, after);
  });

  it('tells absent from denied from unusable', async () => {
    const denied = join(folder, 'denied');
    writeFileSync(denied, '', { mode: 0o000 });
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'a-folder'));
    assert.deepEqual(await lookAtKvm(join(folder, 'nowhere')), { kind: 'absent' });
    assert.deepEqual(await asNobody(() => lookAtKvm(denied)), { kind: 'denied' });
    assert.deepEqual(await lookAtKvm(join(folder, 'a-folder')), { kind: 'unusable', code: 'EISDIR' });
  });
});
