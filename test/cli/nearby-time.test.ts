import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ERROR_EXITS } from '../../src/domain/index.js';
import type { AuditEntry, ShownInvitation } from '../../src/domain/index.js';
import { perigee, type Finished } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';
import { tempFolder } from '../support/temp.js';

const settings = { keepRunning: '[]', 'radio.mode': 'virtual', 'web.enabled': 'false' };
const DAY_MS = 86_400_000;
/** The gateway's clock is that of this machine; the phone's is a day ahead. */
const TOMORROW = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`const now=Date.now;Date.now=()=>now()+${DAY_MS}`)}`,
};

/** The programs by which a system tells and sets its clock: NTP keeps it as long as `kept` says yes, and nobody may set it. */
const system = tempFolder('system');
function keeps(answer: 'yes' | 'no'): void {
  writeFileSync(join(system, 'timedatectl'), `#!/bin/sh\necho ${answer}\n`, { mode: 0o755 });
}
writeFileSync(join(system, 'date'), '#!/bin/sh\necho "not permitted" >&2\nexit 1\n', { mode: 0o755 });

let gateway: GatewayProcess;
const own = tempFolder('phone');
before(async () => {
  process.env['PATH'] = `${system}:${process.env['PATH'] ?? ''}`;
  keeps('yes');
  gateway = await startGatewayProcess(settings);
  const { stdout } = await perigee(['technician', 'add', 'Ada', '--json', '--data', gateway.directory]);
  await nearby(['enrol', (JSON.parse(stdout) as ShownInvitation).link]);
});
after(() => gateway[Symbol.asyncDispose]());

const nearby = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  perigee(['nearby', ...args, '--air', join(gateway.directory, 'air.sock'), '--data', own], env);

async function restart(): Promise<void> {
  const { directory } = gateway;
  process.kill(gateway.processId, 'SIGKILL');
  await gateway.exited;
  gateway = await startGatewayProcess(settings, directory);
}

interface Told {
  readonly aheadMs: number;
  readonly correctedMs?: number;
  readonly source: string;
}

describe('perigee nearby time', () => {
  it('shows what time it is for the gateway, and sets no clock that NTP keeps', async () => {
    const { stdout } = await nearby(['time']);
    assert.match(
      stdout,
      /^Gateway +\d{4}-\d\d-\d\d .*Z, NTP keeps it\nApart +.* \(the way there takes \d+ ms\)\n$/,
    );
    const refused = await nearby(['time', '--tell'], TOMORROW);
    assert.equal(refused.status, ERROR_EXITS['time-refused']);
    assert.match(refused.stderr, /NTP keeps the clock of this board\n +Leave it to NTP/);
    assert.match((await nearby(['time', '--tell'])).stdout, /^The time was right already\n/);
  });

  it('tells it the time where nothing keeps its clock, and a gateway that is started again knows it still', async () => {
    keeps('no');
    await restart();
    const set = await nearby(['time', '--tell', '--json'], TOMORROW);
    const { aheadMs, correctedMs = NaN, source } = JSON.parse(set.stdout) as Told;
    assert.equal(source, 'phone');
    // What both measure is within the way there and back.
    assert.ok(Math.abs(correctedMs - DAY_MS) < 5000, `${correctedMs}`);
    assert.ok(Math.abs(aheadMs) < 5000, `${aheadMs}`);
    await restart();
    const later = JSON.parse((await nearby(['time', '--json'])).stdout) as Told;
    assert.equal(later.source, 'phone');
    assert.ok(Math.abs(later.aheadMs - DAY_MS) < 5000, `${later.aheadMs}`);
    const { stdout } = await perigee(['technician', 'log', '--json', '--data', gateway.directory]);
    const told = (JSON.parse(stdout) as AuditEntry[]).filter(({ detail }) => detail.includes('put forward'));
    assert.match(told[0]?.detail ?? '', /^the time was put forward by 86[34]\d\d(\.\d+)? s$/);
    assert.ok(Math.abs((told[0]?.wallMs ?? 0) - Date.now() - DAY_MS) < 60_000, 'by the new time');
  });
});
