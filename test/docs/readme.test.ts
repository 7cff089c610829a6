import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { perigee } from '../support/command.js';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.js';

const FENCE = /```sh\n([\s\S]*?)```/g;
const lines = [...readFileSync(join(PACKAGE_ROOT, 'README.md'), 'utf8').matchAll(FENCE)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/ +#.*$/, '').trim())
  .filter((line) => line !== '');

describe('the commands of the README', () => {
  let gateway: GatewayProcess;
  before(async () => {
    gateway = await startGatewayProcess({ 'radio.mode': 'off', 'web.port': '0' });
  });
  after(() => gateway[Symbol.asyncDispose]());

  const commands = lines.filter((line) => line.startsWith('npx perigee '));
  it('are there', () => assert.ok(commands.length >= 3, lines.join('\n')));

  for (const command of commands) {
    it(`include "${command}", which works`, async () => {
      const { status, stderr } = await perigee([...command.split(' ').slice(2), '--data', gateway.directory]);
      assert.equal(status, 0, stderr);
    });
  }

  it('are otherwise scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const line of lines.filter((each) => !each.startsWith('npx perigee '))) {
      const name = /^npm (?:run )?([\w:]+)/.exec(line)?.[1] ?? line;
      assert.ok(name in scripts, line);
    }
  });
});
