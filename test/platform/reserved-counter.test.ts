import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Logger } from '../../src/domain/index.js';
import { ReservedCounter } from '../../src/platform/index.js';
import { SILENT } from '../support/loggers.js';
import { tempFolder } from '../support/temp.js';

const folder = tempFolder('counter');
const MOST = 2 ** 32 - 1;

const errors: string[] = [];
const logger: Logger = {
  ...SILENT,
  error: (_fields, text) => void errors.push(text),
};

const newPath = (): string => join(mkdtempSync(join(folder, 'data-')), 'keys', 'counter.json');
const open = (path: string, changed: object = {}): Promise<ReservedCounter> =>
  ReservedCounter.open(path, { most: MOST, restoredEpoch: 0, floor: 0, logger, ...changed });

/** So many numbers, and time for what is reserved meanwhile. */
async function taken(counter: ReservedCounter, count: number): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const number = counter.take();
    if (number !== undefined) numbers.push(number);
    await counter[Symbol.asyncDispose]();
  }
  return numbers;
}

describe('a counter that never goes back', () => {
  it('counts from its beginning, one by one, over the ends of its blocks', async () => {
    const numbers = await taken(await open(newPath()), 3000);
    assert.deepEqual(
      numbers,
      Array.from({ length: 3000 }, (_, i) => i),
    );
  });

  it('gives no number again after an end at any moment, that nobody announced', async () => {
    const path = newPath();
    let last = -1;
    for (let life = 0; life < 40; life++) {
      for (const number of await taken(await open(path), 1 + 37 * (life % 4))) {
        assert.ok(number > last, `${number} after ${last}`);
        last = number;
      }
    }
  });

  it('has on disk what it may give, before it gives it', async () => {
    const path = newPath();
    const counter = await open(path);
    for (let i = 0; i < 2000; i++) {
      const [number = 0] = await taken(counter, 1);
      const { free } = JSON.parse(readFileSync(path, 'utf8')) as { free: number };
      assert.ok(number < free);
    }
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('goes on far behind what a backup had, and each time that one is restored', async () => {
    const path = newPath();
    const [before = 0] = await taken(await open(path), 1);
    const [restored = 0] = await taken(await open(path, { restoredEpoch: 5 }), 1);
    assert.ok(restored >= before + 2 ** 24);
    const [again = 0] = await taken(await open(path, { restoredEpoch: 5 }), 1);
    assert.ok(again > restored && again < restored + 2 ** 24);
  });

  it('begins no lower than something else says that it may have come', async () => {
    const path = newPath();
    assert.deepEqual(await taken(await open(path, { floor: 1_000_000 }), 2), [1_000_000, 1_000_001]);
    const [later = 0] = await taken(await open(path, { floor: 10 }), 1);
    assert.ok(later > 1_000_001);
  });

  it('ends with its last number', async () => {
    const path = newPath();
    assert.deepEqual(await taken(await open(path, { most: 100, floor: 99 }), 5), [99, 100]);
    assert.deepEqual(await taken(await open(path, { most: 100 }), 5), []);
  });

  it('gives none that it could not reserve, says so once, and goes on when it can', async () => {
    const path = newPath();
    const counter = await open(path);
    rmSync(join(path, '..'), { recursive: true });
    writeFileSync(join(path, '..'), 'in the way');
    assert.equal((await taken(counter, 100)).length, 64);
    assert.deepEqual(errors.splice(0), [`cannot write ${path}`]);
    rmSync(join(path, '..'));
    assert.deepEqual((await taken(counter, 3)).slice(-2), [64, 65]);
  });

  it('says what to do about a file that is no counter, and does not replace it', async () => {
    for (const text of ['', '{"free":-1,"restoredEpoch":0}', '{}', 'nonsense']) {
      const path = newPath();
      mkdirSync(join(path, '..'));
      writeFileSync(path, text);
      await assert.rejects(open(path), { code: 'data-dir-unusable', cure: /new key/ });
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  });
});
