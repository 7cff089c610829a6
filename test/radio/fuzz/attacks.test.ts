import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PACKAGE_ROOT } from '../../../src/platform/index.js';
import { BLENO_DRIVERS } from '../../../src/radio/index.js';
import { campaign, Finding, listed, minimised, reasonAfter } from './support-campaign.js';
import { parseMessage } from './support-messages.js';

/** Every beginning of every message, and some thousands that chance makes: a hundred thousand are `npm run test:radio-fuzz`. */
const MESSAGES = 10_000;
const SEED = 20_261_128;
/** In a write to the control service. */
const DEFECT = 'dea1befa11';
/** In a public key for pairing, which every campaign sends and no other phone does. */
const ON_THE_WAY = '0c444444';

const findings = JSON.parse(
  readFileSync(join(PACKAGE_ROOT, 'test', 'radio', 'fuzz', 'findings.json'), 'utf8'),
) as readonly { readonly was: string; readonly messages: readonly string[] }[];

for (const driver of BLENO_DRIVERS)
  describe(`a gateway with @${driver}/bleno, while it is attacked`, () => {
    it('serves another phone as ever, and ends, hangs and grows by nothing that is sent', async () => {
      const { messages, notifications, reads } = await campaign({ driver, seed: SEED, messages: MESSAGES });
      assert.ok(messages >= MESSAGES);
      assert.ok(reads > 0 && notifications > 0, 'the other phone was shown something');
    });

    it('comes to no harm by what has harmed one', async () => {
      for (const { messages, was } of findings)
        assert.equal(await reasonAfter({ driver }, messages.map(parseMessage)), undefined, was);
    });
  });

describe('an attack', () => {
  it('finds a message that harms, and what little is needed for it', async () => {
    const options = { driver: 'stoprocent', defect: DEFECT } as const;
    const messages = ['0a0300', '52100001', `521000${DEFECT}`, '02f700', '0a0500'].map((request) =>
      parseMessage(`start ${Buffer.of(request.length / 2).toString('hex')}000400${request}`),
    );
    assert.match(
      (await reasonAfter(options, messages)) ?? '',
      /^the gateway ended with status 1: .*a defect was met/,
    );
    const needed = await minimised(options, messages);
    assert.deepEqual(listed(needed ?? []), [`start 08000400521000${DEFECT}`]);
    assert.equal(await minimised({ driver: 'stoprocent' }, messages), undefined);
  });

  it('ends at the first harm, with the messages that were sent before it', async () => {
    const harmed = campaign({ driver: 'stoprocent', defect: ON_THE_WAY, seed: SEED, messages: MESSAGES });
    await assert.rejects(harmed, (error) => {
      assert.ok(error instanceof Finding);
      return listed(error.messages).some((text) => text.includes(ON_THE_WAY));
    });
  });
});
