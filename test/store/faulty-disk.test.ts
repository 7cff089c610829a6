import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../src/platform/index.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('faulty-disk');
const CHILD = fileURLToPath(new URL('support-faulty.js', import.meta.url));

/** Undefined where nothing can be compiled. */
function compiled(): string | undefined {
  const library = join(folder, 'faulty-disk.so');
  const source = join(PACKAGE_ROOT, 'test/store/faulty-disk.c');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'ignore' });
    return library;
  } catch {
    return undefined;
  }
}

const library = compiled();

/** A store in a process of its own, whose disk fails as it is told. */
class Board implements AsyncDisposable {
  readonly #switch: string;
  readonly #child;
  readonly #lines;

  constructor() {
    const directory = mkdtempSync(join(folder, 'data-'));
    this.#switch = `${directory}.fault`;
    const env = {
      ...process.env,
      LD_PRELOAD: library,
      FAULTY_FOLDER: directory,
      FAULTY_SWITCH: this.#switch,
    };
    this.#child = spawn(process.execPath, [CHILD, directory], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  fail(how: 'EIO' | 'EROFS'): void {
    writeFileSync(this.#switch, how);
  }

  mend(): void {
    rmSync(this.#switch, { force: true });
  }

  async ask(command: string): Promise<unknown> {
    this.#child.stdin.write(`${command}\n`);
    const line = await this.#lines.next();
    assert.ok(line.done !== true, 'it answers');
    return JSON.parse(line.value) as unknown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    return new Promise((gone) => (this.#child.exitCode === null ? this.#child.once('exit', gone) : gone()));
  }
}

const CASES = { EIO: 'io-error', EROFS: 'read-only' } as const;

describe('the store on a disk that fails', { skip: library === undefined && 'cannot compile one' }, () => {
  for (const how of ['EIO', 'EROFS'] as const) {
    it(`keeps samples in its head log, then tells what it loses, and goes on by itself after ${how}`, async () => {
      await using board = new Board();
      assert.equal(await board.ask('record 300'), 0);
      assert.equal(await board.ask('run 1'), 'kept');
      assert.deepEqual(await board.ask('state'), { kind: 'whole' });

      board.fail(how);
      assert.equal(await board.ask('record 100'), 0, 'memory takes them');
      assert.deepEqual(await board.ask('state'), { kind: 'waiting', reason: CASES[how] });
      assert.match(String(await board.ask('run 2')), /cannot write to the store/);
      assert.equal(await board.ask('read'), 400, 'what was stored can be read meanwhile');
      const lost = Number(await board.ask('record 1000'));
      assert.ok(lost > 0, 'the head log has an end');
      assert.deepEqual(await board.ask('state'), { kind: 'stopped', reason: CASES[how] });

      board.mend();
      assert.equal(await board.ask('record 10'), 0);
      assert.deepEqual(await board.ask('state'), { kind: 'whole' });
      assert.equal(await board.ask('run 3'), 'kept');
      assert.deepEqual(await board.ask('runs'), [3, 1]);
      assert.equal(await board.ask('read'), 1410 - lost);
      assert.deepEqual(await board.ask('losses'), [
        { reason: CASES[how], what: 'observations', count: lost },
      ]);
      await board.ask('close');
    });
  }
});
