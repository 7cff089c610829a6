import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  encodeAdvertisement,
  encodeBthome,
  encodeScanResponse,
  MAX_ADVERTISEMENT_BYTES,
  MAX_BTHOME_BYTES,
  METRICS_SERVICE,
  utf8Text,
} from '@perigee/gatt';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('advertisements', () => {
  it('are flags and the service data that the BTHome format describes', () => {
    const advertisement = encodeAdvertisement([{ id: 0x02, value: 25 }]);
    assert.equal(hex(advertisement), '020106' + '0716d2fc40' + '02c409');
  });

  it('are flags alone where nothing is said', () => {
    assert.equal(hex(encodeAdvertisement(undefined)), '020106');
  });

  it('take 23 bytes of objects, and no more', () => {
    const flags = Array.from({ length: 10 }, () => ({ id: 0x27, value: true }));
    const full = [...flags, { id: 0x02, value: 1 }];
    assert.equal(encodeBthome(full).length - 1, MAX_BTHOME_BYTES);
    assert.equal(encodeAdvertisement(full).length, MAX_ADVERTISEMENT_BYTES);
    assert.throws(() => encodeAdvertisement([...full, { id: 0x26, value: true }]), RangeError);
  });

  it('say who it is: the service, then the name', () => {
    const service = Buffer.from(METRICS_SERVICE, 'hex').reverse().toString('hex');
    assert.equal(hex(encodeScanResponse('Perigee')), `1107${service}0809${hex(Buffer.from('Perigee'))}`);
    assert.equal(encodeScanResponse('Perigee-001').length, MAX_ADVERTISEMENT_BYTES);
  });

  it('cut a long name between characters and mark it as shortened', () => {
    const response = encodeScanResponse('Küche und Bad');
    assert.equal(response.length, MAX_ADVERTISEMENT_BYTES);
    assert.equal(response[19], 0x08);
    assert.equal(utf8Text(response.subarray(20)), 'Küche und ');
    assert.equal(utf8Text(encodeScanResponse('äöüäöü').subarray(20)), 'äöüäö');
  });
});
