import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { joinAir } from '../../src/air/index.js';
import { BLENO_DRIVERS } from '../../src/radio/index.js';
import { openPhone } from '../../src/nearby/index.js';
import { IDENTITY } from './support-gateway.js';

/** A process that has not ended by then never will. */
const PATIENCE_MS = 15_000;

describe('a virtual radio between processes', () => {
  let directory: string;
  let socket: string;
  const running: ChildProcessWithoutNullStreams[] = [];

  const start = (fixture: string, ...args: readonly string[]): ChildProcessWithoutNullStreams => {
    const path = fileURLToPath(new URL(fixture, import.meta.url));
    const child = spawn(process.execPath, [path, ...args], { timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
    running.push(child);
    return child;
  };
  const gateway = async (driver: string): Promise<ChildProcessWithoutNullStreams> => {
    const child = start('fixture-gateway.js', driver, socket);
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(said.toString(), 'ready\n');
    return child;
  };
  const endsBy = async (child: ChildProcessWithoutNullStreams): Promise<string> => {
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
    const [[code, signal], errors] = await Promise.all([exit, text(child.stderr)]);
    return `status ${String(code)}, signal ${String(signal)} ${errors}`;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'perigee-radio-'));
    socket = join(directory, 'air.sock');
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  for (const driver of BLENO_DRIVERS) {
    it(`lets a phone of another process read the gateway, and both end by themselves (${driver})`, async () => {
      const served = await gateway(driver);
      const phone = start('../nearby/fixture-phone.js', socket);
      const [said, ended] = await Promise.all([text(phone.stdout), endsBy(phone)]);
      assert.equal(ended, 'status 0, signal null ');
      const seen = JSON.parse(said) as {
        found: { name: string };
        metrics: { value: number }[];
        device: object;
      };
      assert.equal(seen.found.name, 'Perigee');
      assert.equal(seen.metrics[0]?.value, 48.2);
      assert.deepEqual(seen.device, IDENTITY);
      served.stdin.write('stop');
      assert.equal(await endsBy(served), 'status 0, signal null ');
      assert.equal(existsSync(socket), false);
    });
  }

  it('stops a gateway cleanly while a phone is connected, and the phone hears of it', async () => {
    const served = await gateway('stoprocent');
    const phone = await openPhone({ airSocket: socket });
    const connection = await phone.connect(await phone.find());
    const values = connection.values();
    const next = values.next();
    // Each subscription is an exchange of its own, between these.
    for (let i = 0; i < 20; i++) await connection.readInfo();
    served.stdin.write('stop');
    assert.equal(await endsBy(served), 'status 0, signal null ');
    assert.equal((await next).done, true);
    await assert.rejects(connection.readMetrics(), { code: 'radio-unavailable' });
    await phone[Symbol.asyncDispose]();
  });

  it('tells a phone whose gateway was killed', async () => {
    const served = await gateway('stoprocent');
    const phone = await openPhone({ airSocket: socket });
    const connection = await phone.connect(await phone.find());
    served.kill('SIGKILL');
    await once(served, 'exit');
    await assert.rejects(connection.readMetrics(), { code: 'radio-unavailable' });
    await assert.rejects(phone.scan(), { code: 'radio-unavailable', message: /radio is gone/ });
    await phone[Symbol.asyncDispose]();
    await assert.rejects(joinAir(socket), { code: 'radio-unavailable' });
  });
});
