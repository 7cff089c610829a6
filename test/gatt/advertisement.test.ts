import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeBthome,
  encodeAdvertisement,
  encodeBthome,
  encodeScanResponse,
  MAX_ADVERTISEMENT_BYTES,
  METRICS_SERVICE,
  utf8Text,
} from '@perigee/gatt';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const everything = { packetId: 7, temperature: 25, problem: false, running: true, count: 3 };

describe('advertisements', () => {
  it('are the bytes that the BTHome format describes', () => {
    assert.equal(hex(encodeAdvertisement(everything)), '020106' + '1016d2fc40' + '000702c409260027013d0300');
    assert.equal(hex(encodeBthome({ temperature: 25 })), '4002c409');
  });

  it('put the objects in ascending order', () => {
    const bytes = encodeBthome({ count: 1, running: true, temperature: 1, packetId: 1, problem: true });
    assert.deepEqual([bytes[1], bytes[3], bytes[6], bytes[8], bytes[10]], [0x00, 0x02, 0x26, 0x27, 0x3d]);
  });

  it('fit a legacy packet, with everything in them', () => {
    assert.ok(encodeAdvertisement(everything).length <= MAX_ADVERTISEMENT_BYTES);
    assert.equal(encodeScanResponse('Perigee-001').length, MAX_ADVERTISEMENT_BYTES);
  });

  it('say who it is: the service, then the name', () => {
    const service = Buffer.from(METRICS_SERVICE, 'hex').reverse().toString('hex');
    assert.equal(hex(encodeScanResponse('Perigee')), `1107${service}0809${hex(Buffer.from('Perigee'))}`);
  });

  it('are read back as they were said', () => {
    assert.deepEqual(decodeBthome(encodeBthome(everything)), everything);
  });

  it('leave out what is not known', () => {
    assert.deepEqual(decodeBthome(encodeBthome({})), {});
    assert.deepEqual(decodeBthome(encodeBthome({ temperature: Number.NaN, running: false })), {
      running: false,
    });
  });

  it('saturate, and let only the packet id wrap', () => {
    const extreme = { packetId: 258, temperature: 1e6, count: 1e9 };
    assert.deepEqual(decodeBthome(encodeBthome(extreme)), {
      packetId: 2,
      temperature: 327.67,
      count: 65_535,
    });
    assert.deepEqual(decodeBthome(encodeBthome({ temperature: -1e6 })), { temperature: -327.68 });
  });

  it('cut a long name between characters and mark it as shortened', () => {
    const response = encodeScanResponse('Küche und Bad');
    assert.equal(response.length, MAX_ADVERTISEMENT_BYTES);
    assert.equal(response[19], 0x08);
    assert.equal(utf8Text(response.subarray(20)), 'Küche und ');
    assert.equal(utf8Text(encodeScanResponse('äöüäöü').subarray(20)), 'äöüäö');
  });

  it('stop being read at a BTHome object that nobody knows or that is cut short', () => {
    const bytes = encodeBthome(everything);
    assert.deepEqual(decodeBthome(Uint8Array.of(0x40, 0x00, 1, 0xee, 9, 9)), { packetId: 1 });
    for (let length = 1; length < bytes.length; length++) {
      const partial = decodeBthome(bytes.subarray(0, length)) ?? {};
      for (const [key, value] of Object.entries(partial))
        assert.equal(value, everything[key as keyof typeof everything]);
    }
  });

  it('are no BTHome when encrypted, of another version, or empty', () => {
    assert.equal(decodeBthome(Uint8Array.of(0x41, 0x00, 1)), undefined);
    assert.equal(decodeBthome(Uint8Array.of(0x20, 0x00, 1)), undefined);
    assert.equal(decodeBthome(new Uint8Array()), undefined);
  });
});
