import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GuestEvent } from '../../src/domain/index.js';
import { LINE_SERIES_MAX, SAMPLES_BURST_MAX, createSampleBudget } from '../../src/metrics/limits.js';
import { random } from '../support/random.js';
import { blames, bytesOf, dropped, hear, newLineDecoder, readings, reports } from './support-lines.js';

const ESC = '\u001b';
const CONSOLE = bytesOf(
  [
    `${ESC}[2J${ESC}[1;1HBooting\r\n`,
    '[    0.1] virtio: ok=1\r\n',
    'mem,node=0 free_bytes=12i,used_percent=3.5,note="a,b=1 \\"c\\"" 17\r\n',
    `\0room,name=Küche\\ 1 celsius=-4.5${ESC}[0m\n`,
    'mem,node=0 free_bytes=13i\n\r',
    'a,image=b v=1\rrun rss=1\n',
    'm v=nan,w=t\n',
    `${'x'.repeat(2000)}\n`,
    'mem,node=0 free_bytes=14i\n',
    'mem,node=0 free_bytes=1',
  ].join(''),
);

/** What was said, however the chunks put it together. */
function gist(events: readonly GuestEvent[]): readonly unknown[] {
  return [readings(events), blames(events), dropped(events)];
}

describe('a console cut anywhere', () => {
  const whole = gist(hear(CONSOLE));

  it('has something to say', () => {
    assert.deepEqual(whole.at(0), [
      'mem_free_bytes{image="sensor",node="0"} 12',
      'mem_used_percent{image="sensor",node="0"} 3.5',
      'room_celsius{image="sensor",name="Küche 1"} -4.5',
      'mem_free_bytes{image="sensor",node="0"} 13',
      'm_w{image="sensor"} 1',
      'mem_free_bytes{image="sensor",node="0"} 14',
    ]);
    assert.deepEqual([blames(hear(CONSOLE)).length, dropped(hear(CONSOLE))], [2, 3]);
  });

  it('says the same for every split at one byte', () => {
    for (let at = 0; at <= CONSOLE.length; at += 1)
      assert.deepEqual(gist(hear(CONSOLE.subarray(0, at), CONSOLE.subarray(at))), whole, `split at ${at}`);
  });

  it('says the same byte by byte, also while the caller reuses its chunk', () => {
    const decoder = newLineDecoder();
    const chunk = new Uint8Array(1);
    const events = Array.from(CONSOLE).flatMap((byte) => {
      chunk[0] = byte;
      return [...decoder.push(chunk, 0)];
    });
    assert.deepEqual(gist(events), whole);
  });

  it('says of every truncation only what the whole says', () => {
    const all = readings(hear(CONSOLE));
    for (let end = 0; end < CONSOLE.length; end += 1) {
      const some = readings(hear(CONSOLE.subarray(0, end)));
      assert.deepEqual(some, all.slice(0, some.length), `cut at ${end}`);
    }
  });
});

/** Whatever came in, this is true of what comes out. */
function checkEvents(events: readonly GuestEvent[], what: string): void {
  assert.ok(events.length <= SAMPLES_BURST_MAX + 8, what);
  for (const { samples } of reports(events)) {
    assert.equal(new Set(samples.map(({ series }) => series)).size, samples.length, what);
    for (const { series, value } of samples) {
      assert.ok(Number.isFinite(value), what);
      assert.match(series.name, /^[a-z][a-z0-9_]{0,47}$/, what);
      assert.equal(series.labels['image'], 'sensor', what);
      assert.ok(Object.keys(series.labels).length <= 8, what);
    }
  }
}

describe('line decoder, on noise', () => {
  it('never throws on random bytes, and makes no metric of them', () => {
    for (let seed = 1; seed <= 2000; seed += 1) {
      const chance = random(seed);
      const noise = Uint8Array.from({ length: 256 }, () => chance() * 256);
      assert.deepEqual(hear(noise, noise), [], `seed ${seed}`);
    }
  });

  it('never throws on random pieces of the grammar, and breaks no rule', () => {
    const pieces = [
      'm',
      'mem',
      'a',
      ',',
      ',',
      '=',
      '=',
      ' ',
      ' ',
      '\\',
      '"',
      '1',
      '1i',
      't',
      '-',
      '.',
      'e5',
      'nan',
    ];
    const words = [
      ...pieces,
      '\n',
      '\n',
      '\r',
      '\0',
      `${ESC}[1m`,
      ESC,
      'ü',
      'image',
      'run',
      'value',
      'm v=1\n',
    ];
    let samples = 0;
    for (let seed = 1; seed <= 3000; seed += 1) {
      const chance = random(seed);
      const word = (): string => words[Math.floor(chance() * words.length)] ?? '';
      const events = hear(Array.from({ length: 200 }, word).join(''));
      checkEvents(events, `seed ${seed}`);
      samples += readings(events).length;
    }
    assert.ok(samples > 3000, `${samples} of the pieces were points`);
  });

  it('never throws on a console with up to eight bytes changed, and breaks no rule', () => {
    for (let seed = 1; seed <= 3000; seed += 1) {
      const chance = random(seed);
      const bytes = Uint8Array.from(CONSOLE);
      for (let change = 0; change < 8; change += 1)
        bytes[Math.floor(chance() * bytes.length)] = chance() * 256;
      const cut = Math.floor(chance() * bytes.length);
      checkEvents(hear(bytes.subarray(0, cut), bytes.subarray(cut)), `seed ${seed}`);
    }
  });
});

const CHUNK_BYTES = 64 * 1024;
const CHUNKS = 160;

/** Ten megabytes, in chunks of 64 kB that are filled with one line after the other. */
function* flood(line: (index: number) => string): Generator<Uint8Array> {
  let index = 0;
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    let text = '';
    while (text.length < CHUNK_BYTES) text += line(index++);
    yield bytesOf(text);
  }
}

describe('line decoder, in a flood of ten megabytes', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const unlimited = { samplesPerSecond: 1e12, burst: 256 };

  const floods: Readonly<Record<string, (index: number) => string>> = {
    'of log text': (index) => `[${index}] nothing to see here, ok=1\r\n`,
    'of one line without an end': () => 'x'.repeat(1000),
    'of one point': (index) => `m v=${index}\n`,
    'of invented series': (index) => `m_${index},tag=${index} v=1\n`,
    'of points that break a rule': (index) => `m,image=${index} v=1\n`,
    'of lines that fail at their end': () =>
      `m,t=${'\\ '.repeat(200)} a=${'1'.repeat(300)},b="${'\\"'.repeat(100)}x\n`,
  };
  for (const [what, line] of Object.entries(floods)) {
    it(`${what} keeps within its bounds, and hears what comes after it`, () => {
      const decoder = newLineDecoder({ budget: createSampleBudget(unlimited) });
      decoder.push(bytesOf('known v=1\n'), 0);
      collect();
      const before = process.memoryUsage().heapUsed;
      let chunks = 0;
      for (const chunk of flood(line)) {
        chunks += 1;
        checkEvents(decoder.push(chunk, chunks), what);
      }
      collect();
      // A byte kept of every line would be more than 200 kB of points, and an event of each more than 10 MB.
      assert.ok(process.memoryUsage().heapUsed - before < 1_500_000);
      assert.deepEqual(readings(decoder.push(bytesOf('\nknown v=2\n'), 1e9)), ['known_v{image="sensor"} 2']);
    });
  }

  it('of invented series has named no more of them than the cap', () => {
    const decoder = newLineDecoder({ budget: createSampleBudget(unlimited) });
    const named = new Set<string>();
    let now = 0;
    for (const chunk of flood((index) => `m_${index} v=1\n`)) {
      for (const text of readings(decoder.push(chunk, ++now))) named.add(text);
    }
    assert.equal(named.size, LINE_SERIES_MAX);
  });
});
