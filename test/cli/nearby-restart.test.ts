import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { perigee as messages } from '@perigee/proto';
import { withVisits } from '../../src/cli/nearby-visit.js';
import type { ShownInvitation } from '../../src/domain/index.js';
import { download } from '../../src/nearby/index.js';
import type { TransferNews } from '../../src/nearby/index.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const settings = { keepRunning: '[]', 'radio.mode': 'virtual', 'web.enabled': 'false', name: 'Orchard' };

let gateway: GatewayProcess;
const own = tempFolder('phone');
const radio = (): { air: string; data: string } => ({ air: join(gateway.directory, 'air.sock'), data: own });

async function startAgain(name: string): Promise<void> {
  process.kill(gateway.processId, 'SIGKILL');
  await gateway.exited;
  gateway = await startGatewayProcess({ ...settings, name }, gateway.directory);
}

before(async () => {
  gateway = await startGatewayProcess(settings);
  const { stdout } = await perigee(['technician', 'add', 'Ada', '--json', '--data', gateway.directory]);
  const { link } = JSON.parse(stdout) as ShownInvitation;
  const { air, data } = radio();
  const enrolled = await perigee(['nearby', 'enrol', link, '--air', air, '--data', data]);
  assert.equal(enrolled.status, 0, enrolled.stderr);
});
after(() => gateway[Symbol.asyncDispose]());

describe('a phone whose gateway is started again', () => {
  it('goes on with what it fetches, over the virtual radio that the new process has', async () => {
    const news: TransferNews[] = [];
    let visits = 0;
    const bytes = await withVisits({}, radio(), (visit) => {
      const interrupted: typeof visit = async () => {
        const here = await visit();
        visits += 1;
        if (visits === 1) await startAgain('Orchard');
        return here;
      };
      return download(interrupted, { series: {} }, { tell: (one) => news.push(one) });
    });
    assert.ok(messages.v1.SeriesList.decode(bytes));
    assert.equal(visits, 2);
    assert.ok(news.some(({ kind }) => kind === 'lost'));
  });

  it('knows it by its key when it has another name, and by that name from then on', async () => {
    await startAgain('Meadow');
    const { air, data } = radio();
    const images = await perigee(['nearby', 'images', '--air', air, '--data', data]);
    assert.equal(images.status, 0, images.stderr);
    assert.match(readFileSync(join(own, 'phone.json'), 'utf8'), /"name": "Meadow"/);
    const named = await perigee(['nearby', 'images', '--gateway', 'Meadow', '--air', air, '--data', data]);
    assert.equal(named.status, 0, named.stderr);
  });
});
