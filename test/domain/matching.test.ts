import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchesAll, parseMatcher, resolutionFor, type Series } from '../../src/domain/index.js';

const series = (name: string, labels: Series['labels'] = {}): Series => ({ name, labels, unit: 'none' });

function matches(one: Series, ...texts: readonly string[]): boolean {
  return matchesAll(
    one,
    texts.map((text) => parseMatcher(text) ?? assert.fail(`${text} is a condition`)),
  );
}

describe('a condition on series', () => {
  const temperature = series('temperature_mean', { image: 'hostsense', place: 'cellar "Süd", =1' });

  it('holds for a label or the name that is so, and all of several must hold', () => {
    assert.ok(matches(temperature, 'image=hostsense', 'series=temperature_mean'));
    assert.ok(!matches(temperature, 'image=hostsense', 'series=humidity'));
    assert.ok(matches(temperature, 'place=cellar "Süd", =1'));
    assert.ok(matches(temperature, 'image!=hello'));
    assert.ok(!matches(temperature, 'image!=hostsense'));
  });

  it('takes a label that is not there for empty', () => {
    assert.ok(matches(temperature, 'room='));
    assert.ok(matches(temperature, 'room=~*'));
    assert.ok(!matches(temperature, 'room=~?*'));
  });

  for (const [pattern, text, isSo] of [
    ['temp*', 'temperature', true],
    ['*ture', 'temperature', true],
    ['t*e*a*', 'temperature', true],
    ['t*x*', 'temperature', false],
    ['t?mp*', 'temperature', true],
    ['temp', 'temperature', false],
    ['*', '', true],
    ['?', '', false],
    ['?', '🌡', true],
    ['a.c', 'abc', false],
    ['**a**', 'bab', true],
    ['*\n*', 'two\nlines', true],
  ] as const) {
    it(`${JSON.stringify(pattern)} ${isSo ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
      assert.equal(matches(series('m', { label: text }), `label=~${pattern}`), isSo);
      assert.equal(matches(series('m', { label: text }), `label!~${pattern}`), !isSo);
    });
  }

  it('that would keep another kind of pattern busy for years is soon answered', () => {
    assert.ok(!matches(series('m', { label: 'a'.repeat(128) }), `label=~${'*a'.repeat(100)}*b`));
  });

  it('is none without a label, an operator, or with a label that no series can have', () => {
    for (const text of ['', 'image', '=hello', 'Image=hello', 'a b=c', `label=${'x'.repeat(300)}`])
      assert.equal(parseMatcher(text), undefined, text);
  });
});

describe('the resolution for so many points', () => {
  const HOUR_MS = 3_600_000;

  it('is the coarsest that fills each of them', () => {
    const of = (hours: number, points: number) => resolutionFor({ fromMs: 0, toMs: hours * HOUR_MS }, points);
    assert.deepEqual([of(1, 500), of(24, 500), of(24 * 365, 500)], ['raw', 'minutes', 'hours']);
    assert.deepEqual([of(2, 60), of(2, 61)], ['minutes', 'raw']);
  });
});
