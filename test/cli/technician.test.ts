import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeInvitation } from '@perigee/gatt';
import { ERROR_EXITS, type AuditEntry, type ShownInvitation } from '../../src/domain/index.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';

let gateway: GatewayProcess;
before(async () => {
  gateway = await startGatewayProcess({ keepRunning: '[]', 'radio.mode': 'off', 'web.enabled': 'false' });
});
after(() => gateway[Symbol.asyncDispose]());

const technician = (...args: readonly string[]): ReturnType<typeof perigee> =>
  perigee(['technician', ...args, '--data', gateway.directory]);

describe('perigee technician', () => {
  it('shows a code for a camera, and the same as text', async () => {
    const { status, stderr, stdout } = await technician('add', 'Ada', '--grant', '30d');
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    const link = decodeInvitation(lines.at(-1) ?? '');
    assert.ok(link);
    assert.ok(lines.length > 20 && /^[█▀▄ ]+$/.test(lines[0] ?? ''));
    assert.match(stderr, /one phone, once, within 10 min/);
  });

  it('gives programs the link, and lists what was done', async () => {
    const { stdout } = await technician('add', 'Bob', '--role', 'viewer', '--valid', '1h', '--json');
    const { link, validMs } = JSON.parse(stdout) as ShownInvitation;
    assert.ok(decodeInvitation(link));
    assert.equal(validMs, 3_600_000);
    assert.deepEqual(JSON.parse((await technician('ls', '--json')).stdout), []);
    const [newest] = JSON.parse((await technician('log', '-n', '1', '--json')).stdout) as AuditEntry[];
    assert.equal(newest?.detail, 'Bob, as viewer');
    assert.match((await technician('log')).stdout, /^TIME +WHO +ACT +DETAIL\n\d.*Z +local +invited +Bob/);
  });

  const refused: readonly (readonly [readonly string[], keyof typeof ERROR_EXITS, RegExp])[] = [
    [['add', ''], 'usage', /no name of a technician/],
    [['add', 'Ada', '--role', 'king'], 'usage', /viewer, technician/],
    [['add', 'Ada', '--valid', '8d'], 'usage', /not valid/],
    [['add', 'Ada', '--grant', 'soon'], 'usage', /such as 30s/],
    [['log', '-n', '1001'], 'usage', /at most 1000/],
    [['revoke', 'Nobody'], 'technician-unknown', /no technician "Nobody"/],
  ];
  for (const [args, code, text] of refused)
    it(`refuses "${args.join(' ')}" in a line, with its status`, async () => {
      const { status, stderr, stdout } = await technician(...args);
      assert.deepEqual([status, stdout], [ERROR_EXITS[code], '']);
      assert.match(stderr, text);
    });

  it('tells nobody on the page who there is, and has it draw a code that it does not know', async () => {
    await using open = await startGatewayProcess({
      ...{ keepRunning: '[]', 'radio.mode': 'off', 'web.port': '0' },
    });
    const { webUrl = '' } = await open.control.status();
    const added = await perigee(['technician', 'add', 'Ada', '--json', '--data', open.directory]);
    const { link, pageUrl } = JSON.parse(added.stdout) as ShownInvitation & { readonly pageUrl: string };
    // Behind the #, so that it never leaves the browser.
    assert.equal(pageUrl, `${webUrl}/invitation#${link}`);
    assert.doesNotMatch(await (await fetch(pageUrl)).text(), /perigee:enrol/);
    for (const path of ['/api/technicians', '/api/audit?limit=5'])
      assert.equal((await fetch(webUrl + path)).status, 404, path);
  });
});
