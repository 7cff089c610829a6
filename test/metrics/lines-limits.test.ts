import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GuestEvent } from '../../src/domain/index.js';
import { createLineSeries } from '../../src/metrics/index.js';
import {
  LINE_NAME_MAX_CHARACTERS,
  LINE_SERIES_MAX,
  LINE_TAGS_MAX,
  LINE_TAG_VALUE_MAX_CHARACTERS,
  SAMPLES_BURST_MAX,
  SAMPLES_PER_SECOND_MAX,
  createSampleBudget,
} from '../../src/metrics/limits.js';
import { blames, bytesOf, dropped, hear, newLineDecoder, shortReadings } from './support-lines.js';

const SECOND_US = 1_000_000;
/** Far more often than any guest's budget is refilled by one sample. */
const UNLIMITED = { samplesPerSecond: 1e9, burst: 1e9 };

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const linesOf = (count: number, line: (index: number) => string): Uint8Array =>
  bytesOf(
    range(count)
      .map((index) => `${line(index)}\n`)
      .join(''),
  );
const samplesIn = (events: readonly GuestEvent[]): number => shortReadings(events).length;

describe('a point that the gateway cannot take', () => {
  const tags = (count: number): string =>
    range(count)
      .map((index) => `,t${index}=x`)
      .join('');
  const cases: Readonly<Record<string, { good: string; bad: string; blame: RegExp }>> = {
    'has the tag image': { good: 'm,images=x v=1', bad: 'm,image=other v=1', blame: /tag image/ },
    'has too many tags': {
      good: `m${tags(LINE_TAGS_MAX)} v=1`,
      bad: `m${tags(LINE_TAGS_MAX + 1)} v=1`,
      blame: /8 tags, and 7 is the most/,
    },
    'has one tag twice': { good: 'm,a=1,b=1 v=1', bad: 'm,a=1,a=2 v=1', blame: /tag "a" twice/ },
    'has a tag with too long a value': {
      good: `m,t=${'x'.repeat(LINE_TAG_VALUE_MAX_CHARACTERS)} v=1`,
      bad: `m,t=${'x'.repeat(LINE_TAG_VALUE_MAX_CHARACTERS + 1)} v=1`,
      blame: /too long/,
    },
    'has a tag with too long a name': {
      good: `m,${'t'.repeat(LINE_NAME_MAX_CHARACTERS)}=x v=1`,
      bad: `m,${'t'.repeat(LINE_NAME_MAX_CHARACTERS + 1)}=x v=1`,
      blame: /too long/,
    },
    'has too long a name': {
      good: `${'m'.repeat(LINE_NAME_MAX_CHARACTERS - 2)} v=1`,
      bad: `${'m'.repeat(LINE_NAME_MAX_CHARACTERS - 1)} v=1`,
      blame: /longer than the 48 characters/,
    },
    'has a name that the gateway keeps for itself': {
      good: 'running v=1',
      bad: 'run rss=1',
      blame: /run_rss/,
    },
  };
  for (const [what, { good, bad, blame }] of Object.entries(cases)) {
    it(`${what}: it is dropped and counted, and blamed once, and the guest is heard on`, () => {
      const events = hear(`${bad}\n${bad}\nother v=1\n`, `${bad}\n`);
      assert.equal(dropped(events), 3);
      assert.deepEqual(shortReadings(events), ['other_v 1']);
      assert.equal(blames(events).length, 1);
      assert.match(blames(events).join(), blame);
    });
    it(`is not one that just keeps within: ${what}`, () => {
      const events = hear(`${good}\n`);
      assert.deepEqual([samplesIn(events), dropped(events), blames(events)], [1, 0, []]);
    });
  }

  it('does not carry the text of a guest into a log at length', () => {
    const long = 'x'.repeat(900);
    for (const line of [`${long} v=1`, `m,t=${long} v=1`, `m,${long}=1,${long.slice(0, 90)}=1 v=1`])
      for (const detail of blames(hear(`${line}\n`))) assert.ok(detail.length < 130, detail);
  });

  it('loses only the fields whose name is too long', () => {
    const events = hear(`m a=1,${'b'.repeat(60)}=2,c=3\n`);
    assert.deepEqual([shortReadings(events), dropped(events)], [['m_a 1', 'm_c 3'], 1]);
  });
});

describe('the cap on series', () => {
  it('ends ten thousand invented series in one bad frame that names it, and known series go on', () => {
    const decoder = newLineDecoder({ budget: createSampleBudget(UNLIMITED) });
    const invented = decoder.push(
      linesOf(10_000, (index) => `m_${index} v=1`),
      0,
    );
    assert.equal(samplesIn(invented), LINE_SERIES_MAX);
    assert.equal(dropped(invented), 10_000 - LINE_SERIES_MAX);
    assert.equal(blames(invented).length, 1);
    assert.match(blames(invented).join(), new RegExp(`more than ${LINE_SERIES_MAX} series`));
    const later = decoder.push(bytesOf('m_0 v=2\nnew v=1\nm_127 v=3,w=4\n'), 1);
    assert.deepEqual(
      [shortReadings(later), dropped(later), blames(later)],
      [['m_0_v 2', 'm_127_v 3'], 2, []],
    );
  });

  it('counts series by their tags', () => {
    const decoder = newLineDecoder({ budget: createSampleBudget(UNLIMITED) });
    const events = decoder.push(
      linesOf(LINE_SERIES_MAX + 1, (index) => `m,id=${index} v=1`),
      0,
    );
    assert.equal(samplesIn(events), LINE_SERIES_MAX);
    assert.equal(blames(events).length, 1);
  });

  it("holds for an image's runs together when they share what they have named", () => {
    const series = createLineSeries(3);
    const first = newLineDecoder({ series });
    const second = newLineDecoder({ series });
    assert.equal(samplesIn(first.push(bytesOf('a v=1\nb v=1\n'), 0)), 2);
    const events = second.push(bytesOf('a v=1\nc v=1\nd v=1\n'), 0);
    assert.deepEqual(shortReadings(events), ['a_v 1', 'c_v 1']);
    assert.match(blames(events).join(), /more than 3 series.*d_v/);
  });

  it('spends no budget on what it refuses', () => {
    const budget = createSampleBudget({ samplesPerSecond: 1, burst: 2 });
    const decoder = newLineDecoder({ budget, series: createLineSeries(1) });
    const events = decoder.push(bytesOf('a v=1\nb v=1\nc v=1\na v=2\n'), 0);
    assert.deepEqual(shortReadings(events), ['a_v 1', 'a_v 2']);
  });
});

describe('the budget of samples', () => {
  it('lets a burst through at once, then so many a second, and counts the rest', () => {
    const decoder = newLineDecoder();
    const flood = linesOf(1000, () => 'm v=1');
    const first = decoder.push(flood, 5 * SECOND_US);
    assert.equal(samplesIn(first), SAMPLES_BURST_MAX);
    assert.equal(dropped(first), 1000 - SAMPLES_BURST_MAX);
    assert.deepEqual(blames(first), []);
    assert.equal(samplesIn(decoder.push(flood, 5 * SECOND_US)), 0);
    assert.equal(samplesIn(decoder.push(flood, 6 * SECOND_US)), SAMPLES_PER_SECOND_MAX);
    assert.equal(samplesIn(decoder.push(flood, 6.5 * SECOND_US)), SAMPLES_PER_SECOND_MAX / 2);
    assert.equal(samplesIn(decoder.push(flood, 1000 * SECOND_US)), SAMPLES_BURST_MAX);
  });

  it('lets through for ever what keeps to the rate', () => {
    const decoder = newLineDecoder();
    const second = linesOf(SAMPLES_PER_SECOND_MAX, (index) => `m_${index} value=${index}`);
    for (const at of range(600)) {
      const events = decoder.push(second, at * SECOND_US);
      assert.deepEqual([samplesIn(events), dropped(events)], [SAMPLES_PER_SECOND_MAX, 0]);
    }
  });

  it('spends no place among the series, and blames nothing, while nothing could be taken', () => {
    const budget = createSampleBudget({ samplesPerSecond: 1, burst: 1 });
    const decoder = newLineDecoder({ budget, series: createLineSeries(2) });
    const flood = decoder.push(bytesOf('a v=1\nb v=1\nc v=1\nd,image=x v=1\n'), 0);
    assert.deepEqual([shortReadings(flood), dropped(flood), blames(flood)], [['a_v 1'], 3, []]);
    assert.deepEqual(shortReadings(decoder.push(bytesOf('e v=1\n'), SECOND_US)), ['e_v 1']);
  });

  it('takes a point whole or not at all', () => {
    const budget = createSampleBudget({ samplesPerSecond: 1, burst: 3 });
    const events = newLineDecoder({ budget }).push(bytesOf('a x=1,y=1\nb x=1,y=1\nc x=1\n'), 0);
    assert.deepEqual([shortReadings(events), dropped(events)], [['a_x 1', 'a_y 1', 'c_x 1'], 2]);
  });

  it('is not refilled by a clock that stands still or goes back', () => {
    const budget = createSampleBudget({ samplesPerSecond: 10, burst: 1 });
    assert.ok(budget.take(1, 9 * SECOND_US));
    for (const now of [9, 9, 3, 0, 9]) {
      assert.ok(!budget.take(1, now * SECOND_US), `at ${now} s`);
      assert.ok(budget.isSpent(now * SECOND_US), `at ${now} s`);
    }
    assert.ok(!budget.isSpent(9.1 * SECOND_US));
    assert.ok(budget.take(1, 9.1 * SECOND_US));
  });

  it('is refilled by parts of a sample that come one by one', () => {
    const budget = createSampleBudget({ samplesPerSecond: 1, burst: 4 });
    assert.ok(budget.take(4, 0));
    const taken = range(1000).filter((step) => budget.take(1, (step + 1) * 10_000));
    assert.ok(taken.length === 9 || taken.length === 10, `${taken.length} in 10 s`);
  });

  it('that lets nothing through is a mistake of ours', () => {
    for (const rate of [
      { samplesPerSecond: 0, burst: 1 },
      { samplesPerSecond: 1, burst: 0 },
      { samplesPerSecond: NaN, burst: 1 },
    ])
      assert.throws(() => createSampleBudget(rate), /lets something through/);
  });
});
