import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeValue, encodeMetric, encodeValue, UNIT_FORMATS } from '@perigee/gatt';
import type { MetricUnit, NumberFormat, PresentationFormat } from '@perigee/gatt';
import { UNITS } from '../../src/domain/index.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const plain = (format: NumberFormat, exponent = 0): PresentationFormat => ({
  format,
  exponent,
  unit: 0x2700,
});

/** What a phone makes of a metric: a number in the unit of the presentation format. */
const shown = (unit: MetricUnit, value: number | undefined): number | undefined =>
  decodeValue(UNIT_FORMATS[unit], encodeMetric(unit, value));

describe('values', () => {
  it('has a format for every unit of the domain, and for no other', () => {
    assert.deepEqual(Object.keys(UNIT_FORMATS).sort(), [...UNITS].sort());
  });

  it('writes the bytes that the assigned Temperature and Humidity characteristics have', () => {
    assert.equal(hex(encodeMetric('celsius', 48.2)), 'd412');
    assert.equal(hex(encodeMetric('celsius', -0.01)), 'ffff');
    assert.equal(hex(encodeMetric('percent', 12.5)), 'e204');
  });

  it('gives back what was put in, within the resolution of the format', () => {
    const examples: readonly (readonly [MetricUnit, number, number])[] = [
      ['celsius', 48.2, 48.2],
      ['celsius', -273.15, -273.15],
      ['percent', 99.994, 99.99],
      ['bytes', 8_123_456_789, 8_123_457_000],
      ['bytes', 0, 0],
      ['milliseconds', 63.4127, 0.063413],
      ['seconds', 86_400.04, 86_400],
      ['count', 4_000_000_000, 4_000_000_000],
      ['none', -1.2345, -1.234],
      ['bytes-per-second', -1_048_576, -1_048_576],
      ['per-second', 0.25, 0.25],
    ];
    for (const [unit, value, expected] of examples) {
      assert.equal(shown(unit, value), expected, `${unit} ${value}`);
    }
  });

  it('keeps "not known" apart from every number', () => {
    for (const unit of UNITS) {
      assert.equal(shown(unit, undefined), undefined, unit);
      assert.equal(shown(unit, Number.NaN), undefined, unit);
      for (const extreme of [-Infinity, -1e300, 1e300, Infinity]) {
        assert.notEqual(shown(unit, extreme), undefined, `${unit} ${extreme}`);
      }
    }
  });

  it('uses the "not known" of the GATT Specification Supplement', () => {
    assert.equal(hex(encodeValue(plain('uint16'), undefined)), 'ffff');
    assert.equal(hex(encodeValue(plain('sint16'), undefined)), '0080');
    assert.equal(hex(encodeValue(plain('uint32'), undefined)), 'ffffffff');
    assert.equal(hex(encodeValue(plain('sint64'), undefined)), '0000000000000080');
  });

  it('saturates instead of wrapping', () => {
    assert.equal(hex(encodeMetric('percent', -5)), '0000');
    assert.equal(hex(encodeMetric('percent', 1e9)), 'feff');
    assert.equal(hex(encodeMetric('celsius', 1e9)), 'ff7f');
    assert.equal(hex(encodeMetric('celsius', -1e9)), '0180');
    assert.equal(shown('bytes', 1e15), 4_294_967_294_000);
  });

  it('reads the number formats of other devices', () => {
    const read = (format: NumberFormat, bytes: string): number | undefined =>
      decodeValue(plain(format), Buffer.from(bytes, 'hex'));
    assert.equal(read('sint8', 'fe'), -2);
    assert.equal(read('uint24', '010203'), 0x030201);
    assert.equal(read('sint24', 'ffffff'), -1);
    assert.equal(read('uint48', '000000000001'), 2 ** 40);
    assert.equal(read('uint64', '0000000000000100'), 2 ** 48);
    assert.equal(read('float32', '0000c0bf'), -1.5);
    assert.equal(read('float64', '000000000000f87f'), undefined);
    assert.equal(read('float64', '000000000000f03f'), 1);
  });

  it('reads nothing from bytes of another length', () => {
    for (const length of [0, 1, 3, 4])
      assert.equal(decodeValue(plain('uint16'), new Uint8Array(length)), undefined);
  });
});
