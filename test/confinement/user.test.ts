import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseUser, idsOf } from '../../src/confinement/user.js';
import { newRunId } from '../../src/platform/index.js';
import { failsWith } from '../support/expect.js';

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\nguests:x:990:985::/nonexistent:/usr/sbin/nologin\n';
const ROOT = { uid: 0, passwd: PASSWD, uidMap: '         0          0 4294967295\n' };

describe('the user of guests', () => {
  it('is another one for each, above all that a board has given to anybody', () => {
    const user = chooseUser('each', ROOT);
    const numbers = Array.from({ length: 20 }, () => idsOf(user, newRunId())?.uid ?? 0);
    assert.ok(
      numbers.every((uid) => uid >= 65_536 && uid < 100_000),
      numbers.join(),
    );
    assert.ok(new Set(numbers).size >= 19, numbers.join());
  });

  it('is the same for a run under the next gateway', () => {
    const id = newRunId();
    assert.deepEqual(idsOf(chooseUser('each', ROOT), id), idsOf(chooseUser('each', ROOT), id));
  });

  it('is the one that is named, or numbered, with the group of its entry', () => {
    for (const setting of ['guests', 990])
      assert.deepEqual(idsOf(chooseUser(setting, ROOT), newRunId()), { uid: 990, gid: 985 });
  });

  it('is refused where there is no such one', () => {
    assert.throws(() => chooseUser('nobody-knows', ROOT), failsWith('config', /no user nobody-knows/));
  });

  it('is the gateway where that is no root, or says so', () => {
    for (const user of [chooseUser('each', { ...ROOT, uid: 1000 }), chooseUser('gateway', ROOT)])
      assert.equal(idsOf(user, newRunId()), undefined);
  });

  it('is the gateway in a container that has too few numbers', () => {
    const user = chooseUser('each', { ...ROOT, uidMap: '0 100000 65536\n' });
    assert.equal(user.kind === 'gateway' && user.why.includes('container'), true);
    const mapped = chooseUser('each', { ...ROOT, uidMap: '0 1000 1\n1 100000 165536\n' });
    assert.equal(mapped.kind, 'each');
  });
});
