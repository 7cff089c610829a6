import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { METRICS_MAX } from '../../src/metrics/index.js';
import {
  DONE,
  HELLO,
  SESSION,
  declare,
  decode,
  framed,
  guestFrame,
  kinds,
  lastBlame,
  newDecoder,
  report,
} from './support-frames.js';

describe('guest decoder', () => {
  it('turns the life of a guest into samples with the image as their label', () => {
    const labels = { image: 'hostsense' };
    const memory = { name: 'memory_available_mean', labels, unit: 'bytes' };
    const busy = { name: 'cpu_busy_mean', labels, unit: 'percent' };
    assert.deepEqual(decode(SESSION), [
      { kind: 'hello', image: 'hostsense', version: '0.1.0', protocol: 1 },
      {
        kind: 'report',
        samples: [
          { series: memory, value: 4096 },
          { series: busy, value: 12.5 },
        ],
        windowEndUs: 7_000_000,
        guestUs: 2_000_000,
        dropped: 0,
      },
      {
        kind: 'report',
        samples: [{ series: busy, value: -0.25 }],
        windowEndUs: 8_000_000,
        guestUs: 3_000_000,
        dropped: 0,
      },
      { kind: 'done', status: 3 },
    ]);
  });

  it('labels samples with the image of the manifest, whatever the guest calls itself', () => {
    const impostor = guestFrame({ hello: { protocol: 1, image: 'other', version: '9' } });
    const events = decode(impostor, declare(1, 'a'), report({ 1: 1 }));
    const samples = events.flatMap((event) => (event.kind === 'report' ? event.samples : []));
    assert.deepEqual(
      samples.map((sample) => sample.series.labels),
      [{ image: 'hostsense' }],
    );
  });

  it('ignores a frame body that only a newer guest knows', () => {
    const unknownBody = framed(Uint8Array.of(0x7a, 2, 1, 2)); // field 15, two bytes
    assert.deepEqual(kinds(decode(HELLO, unknownBody, framed(new Uint8Array(0)), DONE)), ['hello', 'done']);
  });
});

describe('a guest that does not begin with a Hello of protocol 1', () => {
  const others = {
    'a Declare': declare(1, 'a'),
    'a Report': report({}),
    'an empty frame': framed(new Uint8Array(0)),
    'a frame that is no message': framed(Uint8Array.of(0x0a, 9)),
    'protocol 2': guestFrame({ hello: { protocol: 2, image: 'hostsense', version: '' } }),
    'no protocol': guestFrame({ hello: { image: 'hostsense' } }),
    'a name that no image can have': guestFrame({ hello: { protocol: 1, image: 'Host Sense\n' } }),
    'a version with control characters': guestFrame({
      hello: { protocol: 1, image: 'hostsense', version: '\u001b[2J' },
    }),
  };
  for (const [what, first] of Object.entries(others)) {
    it(`is heard no more after ${what}`, () => {
      assert.deepEqual(kinds(decode(first, HELLO, SESSION)), ['bad-frame']);
    });
  }

  it('is told which protocol is spoken here', () => {
    const first = guestFrame({ hello: { protocol: 2, image: 'hostsense' } });
    assert.match(lastBlame(decode(first)), /protocol 2, and this gateway 1/);
  });
});

describe('a bad frame', () => {
  const { UNIT_BYTES, UNIT_PERCENT } = perigee.v1.Unit;
  const cases: Readonly<Record<string, { frames: readonly Uint8Array[]; blame: RegExp }>> = {
    'a second Hello': { frames: [HELLO], blame: /second Hello/ },
    'a metric with the number 0': { frames: [declare(0, 'a')], blame: /number 0/ },
    'a metric name with a capital': { frames: [declare(1, 'Memory')], blame: /no metric name/ },
    'a metric name that is empty': { frames: [declare(1, '')], blame: /no metric name/ },
    'a metric name of 49 characters': { frames: [declare(1, 'a'.repeat(49))], blame: /no metric name/ },
    'a metric name with a line break at its end': { frames: [declare(1, 'a\n')], blame: /no metric name/ },
    'a unit that is unknown': {
      frames: [framed(Uint8Array.of(0x12, 7, 0x08, 1, 0x12, 1, 0x61, 0x18, 99))],
      blame: /unknown unit 99/,
    },
    'a metric that changes its name': {
      frames: [declare(1, 'a'), declare(1, 'b')],
      blame: /cannot become b/,
    },
    'a metric that changes its unit': {
      frames: [declare(1, 'a', UNIT_BYTES), declare(1, 'a', UNIT_PERCENT)],
      blame: /cannot become a/,
    },
    'one name under two numbers': { frames: [declare(1, 'a'), declare(2, 'a')], blame: /two numbers/ },
    'a value of an undeclared metric': { frames: [declare(1, 'a'), report({ 2: 1 })], blame: /not declared/ },
    'more values than declared metrics': {
      frames: [declare(1, 'a'), report({ 1: 1, 2: 1 })],
      blame: /more values/,
    },
    'two values of one metric': {
      frames: [
        declare(1, 'a'),
        declare(2, 'b'),
        guestFrame({
          report: {
            values: [
              { metric: 1, value: 1 },
              { metric: 1, value: 2 },
            ],
          },
        }),
      ],
      blame: /two values of a/,
    },
    'a time beyond whole numbers': { frames: [report({}, { windowEndUs: 2 ** 60 })], blame: /absurd time/ },
    'a guest time beyond whole numbers': { frames: [report({}, { guestUs: 2 ** 60 })], blame: /absurd time/ },
    'bytes that are no message': { frames: [framed(Uint8Array.of(0x1a, 200))], blame: /no message/ },
  };
  for (const [what, { frames, blame }] of Object.entries(cases)) {
    it(`is ${what}, and the guest is heard on`, () => {
      const events = decode(HELLO, ...frames, DONE);
      assert.deepEqual(kinds(events), ['hello', 'bad-frame', 'done']);
      assert.match(lastBlame(events.slice(0, -1)), blame);
    });
  }

  it('is the 129th metric', () => {
    const names = Array.from({ length: METRICS_MAX }, (_, index) => declare(index + 1, `m${index}`));
    assert.equal(METRICS_MAX, 128);
    assert.deepEqual(kinds(decode(HELLO, ...names)), ['hello']);
    assert.match(lastBlame(decode(HELLO, ...names, declare(129, 'one_too_many'))), /more than 128 metrics/);
  });

  it('does not carry the text of a guest into a log at length or raw', () => {
    const detail = lastBlame(decode(HELLO, declare(1, `\u001b[31m${'x'.repeat(3000)}`)));
    assert.ok(detail.length < 100, detail);
    assert.ok(!detail.includes('\u001b'));
  });
});

describe('guest decoder, on what is allowed', () => {
  it('takes the same declaration twice', () => {
    assert.deepEqual(kinds(decode(HELLO, declare(1, 'a'), declare(1, 'a'), report({ 1: 1 }))), [
      'hello',
      'report',
    ]);
  });

  it('takes a name of 48 characters and a metric number of 32 bits', () => {
    const number = 2 ** 32 - 1;
    const events = decode(HELLO, declare(number, 'a'.repeat(48)), report({ [number]: 1 }));
    assert.deepEqual(kinds(events), ['hello', 'report']);
  });

  it('drops and counts values that are no finite number', () => {
    const values = { 1: NaN, 2: Infinity, 3: -1.1e300, 4: 4 };
    const names = ['a', 'b', 'c', 'd'].map((name, index) => declare(index + 1, name));
    const last = decode(HELLO, ...names, report(values)).at(-1);
    assert.equal(last?.kind, 'report');
    assert.deepEqual([last.dropped, last.samples.map((sample) => sample.value)], [3, [4]]);
  });

  it('takes metrics that are declared between reports', () => {
    const events = decode(HELLO, declare(1, 'a'), report({ 1: 1 }), declare(2, 'b'), report({ 1: 2, 2: 3 }));
    assert.deepEqual(kinds(events), ['hello', 'report', 'report']);
  });
});

describe('a guest that goes on after Done', () => {
  it('costs one bad frame and is heard no more', () => {
    assert.deepEqual(kinds(decode(HELLO, DONE, report({}), report({}), HELLO)), [
      'hello',
      'done',
      'bad-frame',
    ]);
  });

  it('is not punished for what came in one chunk with Done', () => {
    const decoder = newDecoder();
    assert.deepEqual(kinds(decoder.push(SESSION)).at(-1), 'done');
    assert.deepEqual(decoder.push(new Uint8Array(0)), []);
  });
});
