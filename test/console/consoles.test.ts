import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { consolesIn, createConsoleReader, openConsoles, type Consoles } from '../../src/console/index.js';
import { parseRunId, type RunId } from '../../src/domain/index.js';
import { tempFolder } from '../support/temp.js';

const RUN_BYTES = 4096;
const idOf = (n: number): RunId => parseRunId(n.toString(16).padStart(16, '0'));
const RUN = idOf(1);

interface Shelf {
  readonly directory: string;
  readonly consoles: Consoles;
  readonly complaints: string[];
}

function shelf({ directory = join(tempFolder('console'), 'logs'), totalBytes = 1e6 } = {}): Shelf {
  const complaints: string[] = [];
  const complain = (_: object, message: string): void => void complaints.push(message);
  const logger = { debug: complain, info: complain, warn: complain, error: complain };
  return {
    directory,
    complaints,
    consoles: openConsoles(directory, { runBytes: RUN_BYTES, totalBytes }, logger),
  };
}

function print({ consoles }: Shelf, id: RunId, ...texts: readonly string[]): void {
  using log = consoles.open(id);
  for (const text of texts) log.append(Buffer.from(text));
}

const bytesIn = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);

const wholeText = ({ directory }: Shelf, id = RUN): Promise<string> =>
  createConsoleReader(directory, id).more();

/** `count` lines of eight bytes, from number `from` on. */
const lines = (from: number, count: number): string =>
  Array.from({ length: count }, (_, n) => `${String(from + n).padStart(7, '0')}\n`).join('');

describe('the console of a run', () => {
  it('is no file until something is printed, and then one that begins with the first byte', async () => {
    const it = shelf();
    print(it, RUN);
    assert.equal(existsSync(it.directory), false);
    print(it, RUN, 'hello\n');
    assert.deepEqual(readdirSync(it.directory), [`${RUN}.log`]);
    assert.equal(await wholeText(it), 'hello\n');
  });

  it('never takes more than its limit, and keeps at least the newest three quarters of that', () => {
    const it = shelf();
    using log = it.consoles.open(RUN);
    let printed = 0;
    for (let size = 1; printed < 20 * RUN_BYTES; size = (size * 7) % 1009) {
      log.append(Buffer.alloc(size, 'x'));
      printed += size;
      const kept = bytesIn(it.directory);
      assert.ok(kept <= RUN_BYTES, `${kept} bytes`);
      assert.ok(kept >= Math.min(printed, (RUN_BYTES * 3) / 4), `${kept} of ${printed} bytes`);
    }
  });

  it('says how much is gone, and ends with the last byte, also of one chunk that is longer than the ring', async () => {
    for (const chunks of [[lines(0, 2000)], Array.from({ length: 2000 }, (_, n) => lines(n, 1))]) {
      const it = shelf();
      print(it, RUN, ...chunks);
      const text = await wholeText(it);
      const [, gone, kept = ''] = /^\n\[(\d+) bytes were printed here .*\]\n([^]*)$/.exec(text) ?? [];
      assert.equal(kept, lines(Number(gone) / 8, 2000 - Number(gone) / 8));
    }
  });

  it('goes on where it was when another gateway takes the run over, and says that something is missing', async () => {
    const it = shelf();
    print(it, RUN, 'before');
    print(shelf(it), RUN, 'after');
    assert.match(await wholeText(it), /^before\n\[the gateway was away: .*\]\nafter$/);
  });

  it('that cannot be written is told once, takes everything after that in silence, and is no file', () => {
    const file = join(tempFolder('console'), 'file');
    writeFileSync(file, '');
    const it = shelf({ directory: join(file, 'logs') });
    it.complaints.length = 0;
    print(it, RUN, 'one', 'two');
    assert.equal(it.complaints.length, 1);
    assert.match(it.complaints[0] ?? '', /its console is not kept: ENOTDIR/);
  });

  it('takes nothing once it is closed', async () => {
    const it = shelf();
    const log = it.consoles.open(RUN);
    log.append(Buffer.from('before'));
    log[Symbol.dispose]();
    log.append(Buffer.from('after'));
    assert.equal(await wholeText(it), 'before');
  });
});

describe('a reader of a console', () => {
  it('is given each byte once, however it is written, and characters whole', async () => {
    const it = shelf();
    using log = it.consoles.open(RUN);
    const reader = createConsoleReader(it.directory, RUN);
    let text = '';
    for (const byte of Buffer.from('21.5 °C, €, 🌡\n')) {
      log.append(Uint8Array.of(byte));
      text += await reader.more();
    }
    assert.equal(text, '21.5 °C, €, 🌡\n');
    assert.equal(await reader.more(), '');
  });

  it('that reads too slowly is told how much it missed, at the place where that was', async () => {
    const it = shelf();
    using log = it.consoles.open(RUN);
    const reader = createConsoleReader(it.directory, RUN);
    log.append(Buffer.from(lines(0, 10)));
    let text = await reader.more();
    log.append(Buffer.from(lines(10, 3000)));
    text += await reader.more();
    const [, first, gone, rest = ''] = /^([^[]*)\n\[(\d+) bytes .*\]\n([^]*)$/.exec(text) ?? [];
    assert.equal(first, lines(0, 10));
    const missed = Number(gone) / 8;
    assert.ok(missed > 2000, `${missed} lines`);
    assert.equal(rest, lines(10 + missed, 3000 - missed));
  });
});

describe('the consoles of all runs', () => {
  it('have a limit together: the oldest make room, and never one of a run that goes on', () => {
    const it = shelf({ totalBytes: 10_000 });
    const going = it.consoles.open(idOf(1));
    going.append(Buffer.alloc(100));
    for (let n = 2; n < 50; n += 1) print(it, idOf(n), 'x'.repeat(3000));
    assert.deepEqual(consolesIn(it.directory), [1, 47, 48, 49].map(idOf));
    going[Symbol.dispose]();
    print(it, idOf(50), 'x'.repeat(3000));
    assert.deepEqual(consolesIn(it.directory), [1, 48, 49, 50].map(idOf));
  });

  it('are counted at the start, by age, and files of other names are left alone', () => {
    const { directory } = shelf();
    mkdirSync(directory);
    for (const [n, name] of [`${idOf(3)}.log`, `${idOf(1)}.log`, `${idOf(1)}.3000.log`].entries()) {
      writeFileSync(join(directory, name), 'x'.repeat(3000));
      utimesSync(join(directory, name), 1000 + n, 1000 + n);
    }
    for (const name of ['notes.log', `${idOf(9)}.txt`, `${idOf(9)}.00.log`])
      writeFileSync(join(directory, name), '');
    shelf({ directory, totalBytes: 7000 });
    assert.deepEqual(consolesIn(directory), [idOf(1)]);
    assert.equal(readdirSync(directory).length, 5);
  });

  it('are 500 at most, however small they are', () => {
    const it = shelf();
    for (let n = 1; n <= 520; n += 1) print(it, idOf(n), 'x');
    assert.deepEqual([consolesIn(it.directory).length, consolesIn(it.directory)[0]], [500, idOf(21)]);
  });

  it('that cannot be looked at are a warning with a cure, and stop nothing', () => {
    const file = join(tempFolder('console'), 'file');
    writeFileSync(file, '');
    assert.match(shelf({ directory: file }).complaints.join(), /not removed: ENOTDIR.*make the folder/);
  });
});
