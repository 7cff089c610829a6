import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodePresentationFormat,
  decodeValue,
  encodeMetric,
  INFO_CHARACTERISTIC,
  MAX_DESCRIPTION_BYTES,
  MAX_FEATURED_METRICS,
  metricCharacteristic,
  METRICS_SERVICE,
  metricUuid,
  slotUuid,
  unitSymbol,
  utf8Bytes,
  utf8Text,
  uuidBytes,
} from '@perigee/gatt';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** As an app reads that knows nothing but the descriptor. */
function generic(descriptor: Uint8Array | undefined, bytes: Uint8Array): number | undefined {
  const presentation = decodePresentationFormat(descriptor ?? new Uint8Array());
  return presentation && decodeValue(presentation, bytes);
}

describe('the characteristic table', () => {
  it('describes a metric so that any app can read it', () => {
    const { descriptors, uuid } = metricCharacteristic(0, { label: 'CPU temperature', unit: 'celsius' });
    const [description, format] = descriptors;
    assert.equal(uuid, slotUuid(0x0100));
    assert.equal(description?.uuid, '2901');
    assert.equal(utf8Text(description.value), 'CPU temperature');
    assert.equal(format?.uuid, '2904');
    assert.equal(hex(format.value), '0efe2f27010000');
    assert.equal(generic(format.value, encodeMetric('celsius', 48.2)), 48.2);
  });

  it('spells a unit that has no assigned number', () => {
    const { descriptors } = metricCharacteristic(1, { label: 'Memory available', unit: 'bytes' });
    assert.equal(utf8Text(descriptors[0]?.value ?? new Uint8Array()), 'Memory available (bytes)');
  });

  it('bounds a description', () => {
    const { descriptors } = metricCharacteristic(0, { label: 'ß'.repeat(500), unit: 'none' });
    assert.equal(descriptors[0]?.value.length, MAX_DESCRIPTION_BYTES);
  });

  it('tells milliseconds in seconds, the unit that has a number', () => {
    const format = metricCharacteristic(0, { label: 'Boot', unit: 'milliseconds' }).descriptors[1]?.value;
    assert.equal(generic(format, encodeMetric('milliseconds', 63.5)), 0.0635);
    assert.equal(unitSymbol(decodePresentationFormat(format ?? new Uint8Array())?.unit ?? 0), 's');
  });

  it('has a UUID for each thing, and no more metrics than slots', () => {
    const metrics = Array.from({ length: MAX_FEATURED_METRICS }, (_, i) => metricUuid(i));
    assert.equal(new Set([METRICS_SERVICE, INFO_CHARACTERISTIC, ...metrics]).size, MAX_FEATURED_METRICS + 2);
    assert.throws(() => metricUuid(MAX_FEATURED_METRICS), RangeError);
    assert.throws(() => slotUuid(0x10000), RangeError);
  });

  it('takes no presentation format that is no number, or of another length', () => {
    assert.equal(decodePresentationFormat(Uint8Array.of(0x19, 0, 0, 0x27, 1, 0, 0)), undefined);
    for (let length = 0; length < 7; length++) {
      assert.equal(
        decodePresentationFormat(Uint8Array.of(4, 0, 0, 0x27, 1, 0).subarray(0, length)),
        undefined,
      );
    }
  });

  it('turns UUIDs around', () => {
    assert.equal(hex(uuidBytes('180a')), '0a18');
    assert.equal(hex(uuidBytes(METRICS_SERVICE).reverse()), METRICS_SERVICE);
    assert.throws(() => uuidBytes('180A'), RangeError);
  });
});

describe('UTF-8', () => {
  it('is the same as the platform has it', () => {
    for (const text of ['', 'Perigee', 'Küche', '温度 °C', 'a\u{1f321}b', '\u{10ffff}\u07ff\u0800\uffff']) {
      assert.equal(hex(utf8Bytes(text)), Buffer.from(text).toString('hex'));
      assert.equal(utf8Text(Buffer.from(text)), text);
    }
    assert.equal(hex(utf8Bytes('\ud800')), 'efbfbd');
  });

  it('replaces what is none, and never fails', () => {
    for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080', 'e28', 'f09f8c', '80', 'c3', 'f8888080'].map(
      (text) => Buffer.from(text, 'hex'),
    )) {
      assert.match(utf8Text(bytes), /^\ufffd+$/);
    }
    assert.equal(utf8Text(Buffer.from('61c362', 'hex')), 'a\ufffdb');
  });
});
