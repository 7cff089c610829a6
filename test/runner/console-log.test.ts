import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAX_LOG_BYTES, openConsoleLog } from '../../src/runner/console-log.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('console');
const none = (error: unknown): void => assert.fail(String(error));

describe('the console log', () => {
  it('makes no file for a guest that prints nothing', () => {
    openConsoleLog(join(folder, 'none.log'), none)[Symbol.dispose]();
    assert.equal(existsSync(join(folder, 'none.log')), false);
  });

  it('keeps the beginning of a flood, says that it was cut, and grows no more', () => {
    const path = join(folder, 'flood.log');
    const log = openConsoleLog(path, none);
    const chunk = Buffer.alloc(100_000, 'x');
    for (let i = 0; i < 10; i += 1) log.append(chunk);
    log[Symbol.dispose]();
    const text = readFileSync(path, 'latin1');
    assert.equal(text.indexOf('\n[the log is full'), MAX_LOG_BYTES);
    assert.ok(text.length < MAX_LOG_BYTES + 100);
  });

  it('tells once that it cannot write, and takes everything after that in silence', () => {
    writeFileSync(join(folder, 'file'), '');
    const errors: unknown[] = [];
    const log = openConsoleLog(join(folder, 'file', 'x.log'), (error) => errors.push(error));
    log.append(Buffer.from('one'));
    log.append(Buffer.from('two'));
    assert.equal(errors.length, 1);
  });

  it('takes nothing once it is closed', () => {
    const path = join(folder, 'closed.log');
    const log = openConsoleLog(path, none);
    log.append(Buffer.from('before'));
    log[Symbol.dispose]();
    log.append(Buffer.from('after'));
    assert.equal(readFileSync(path, 'latin1'), 'before');
  });
});
