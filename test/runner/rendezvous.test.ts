import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { Server, connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { meetAt } from '../../src/runner/rendezvous.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('rendezvous');

describe('a rendezvous', () => {
  it('that cannot be kept is refused at once, and leaves nothing', async (context) => {
    // As the system does when it has no descriptor left: it says so a turn later, when nobody waits for it.
    const denied = function (this: Server): Server {
      process.nextTick(() => this.emit('error', new Error('listen EMFILE')));
      return this;
    };
    context.mock.method(Server.prototype, 'listen', denied);
    const place = join(folder, 'denied');
    assert.throws(() => meetAt(place, () => undefined), /no socket can be made at .*\/denied\/channel/);
    assert.equal(existsSync(place), false);
    await turn();
  });

  it('tells who came, and is gone when it is left', async () => {
    const place = join(folder, 'met');
    const met: string[] = [];
    using meeting = meetAt(place, (id) => met.push(id));
    const socket = connect(join(place, 'qmp'));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    while (met.length === 0) await turn();
    assert.deepEqual(met, ['qmp']);
    meeting[Symbol.dispose]();
    assert.equal(existsSync(place), false);
  });
});
