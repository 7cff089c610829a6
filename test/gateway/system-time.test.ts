import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemTime } from '../../src/gateway/system-time.js';
import { tempFolder } from '../support/temp.js';

/** A system with these programs and no others. */
function systemOf(programs: Readonly<Record<string, string>>): string {
  const folder = tempFolder('system');
  for (const [name, body] of Object.entries(programs))
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return folder;
}

describe('the system’s time', () => {
  it('is kept by NTP or not, as systemd says, and unknown where it says nothing', async () => {
    const answers = [
      ['echo yes', true],
      ['echo no', false],
      ['echo perhaps', undefined],
      ['echo no; exit 1', undefined],
    ] as const;
    for (const [timedatectl, expected] of answers)
      assert.equal(await systemTime(systemOf({ timedatectl })).isKept(), expected, timedatectl);
    assert.equal(await systemTime(systemOf({})).isKept(), undefined);
  });

  it('is set to the millisecond, and says why it could not be', async () => {
    const folder = systemOf({ date: 'echo "$*" > "${0%/*}/told"' });
    assert.equal(await systemTime(folder).set(1_700_000_000_123), undefined);
    assert.equal(readFileSync(join(folder, 'told'), 'utf8'), '--set=@1700000000.123\n');
    const refusing = systemOf({ date: 'echo "date: cannot set date" >&2; exit 1' });
    assert.equal(await systemTime(refusing).set(0), 'date: cannot set date');
    assert.match((await systemTime(systemOf({})).set(0)) ?? '', /ENOENT/);
  });
});
