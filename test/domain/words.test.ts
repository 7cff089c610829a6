import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  comparePositions,
  describeEnd,
  harmless,
  parseImageName,
  parseRunId,
  seriesKey,
} from '../../src/domain/index.js';
import { failsWith } from '../support/expect.js';

describe('ids', () => {
  it('take exactly 16 lower-case hexadecimal digits for a run', () => {
    assert.equal(parseRunId('0123456789abcdef'), '0123456789abcdef');
    for (const bad of [
      '',
      '0123456789ABCDEF',
      '0123456789abcde',
      '0123456789abcdef0',
      '../0123456789abc',
      '0123456789abcdef\n',
    ]) {
      assert.throws(() => parseRunId(bad), failsWith('usage', /is no run id/), JSON.stringify(bad));
    }
  });

  it('refuse an image name that could leave the image folder', () => {
    assert.equal(parseImageName('hello-2'), 'hello-2');
    for (const bad of ['..', '../hello', '/etc', 'Hello', '2hello', 'a'.repeat(33), 'hello\0', '']) {
      assert.throws(
        () => parseImageName(bad),
        failsWith('image-unknown', /is no image name/),
        JSON.stringify(bad),
      );
    }
  });
});

describe('a series key', () => {
  it('does not depend on the order of the labels', () => {
    const one = seriesKey({ name: 'm', labels: { b: '2', a: '1' } });
    assert.equal(one, 'm{a="1",b="2"}');
    assert.equal(seriesKey({ name: 'm', labels: { a: '1', b: '2' } }), one);
  });

  it('keeps apart labels whose text contains the separators', () => {
    for (const [a, key] of [
      ['one\ntwo', String.raw`m{a="one\ntwo"}`],
      ['\u007F\u009B', String.raw`m{a="\u007f\u009b"}`],
      ['é\u2028', 'm{a="é\u2028"}'],
    ] as const)
      assert.equal(seriesKey({ name: 'm', labels: { a } }), key);
    const tricky = seriesKey({ name: 'm', labels: { a: '1",b="2' } });
    assert.notEqual(tricky, seriesKey({ name: 'm', labels: { a: '1', b: '2' } }));
  });
});

describe('positions', () => {
  it('are ordered by epoch first and by sequence then', () => {
    const sorted = [
      { epoch: 2, sequence: 1 },
      { epoch: 1, sequence: 9 },
      { epoch: 1, sequence: 2 },
    ].sort(comparePositions);
    assert.deepEqual(sorted, [
      { epoch: 1, sequence: 2 },
      { epoch: 1, sequence: 9 },
      { epoch: 2, sequence: 1 },
    ]);
  });
});

describe('the end of a run', () => {
  it('is told in words that name the evidence', () => {
    assert.equal(describeEnd({ kind: 'exit-code', code: 7 }), 'ended with status 7');
    assert.equal(describeEnd({ kind: 'crashed', detail: 'panic: x' }), 'crashed: panic: x');
  });
});

describe('text from elsewhere', () => {
  it('commands no terminal: control characters are shown as their pictures', () => {
    assert.equal(harmless('\u001b]0;owned\u0007\u009b2J\ttemp 21 °C\r\n'), '␛]0;owned␇␡2J\ttemp 21 °C\r\n');
  });
});
