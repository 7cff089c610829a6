import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, it } from 'node:test';
import { BTHOME_KEY_BYTES, BTHOME_OBJECTS, decodeBthome, describeReading, encodeBthome } from '@perigee/gatt';
import type { BthomeData, BthomeEntry, BthomeReading } from '@perigee/gatt';
import { random32 } from '../support/random.js';
import { hex, unhex, vectors } from './support-vectors.js';

interface Vectors {
  readonly objects: readonly {
    bytes: string;
    name: string;
    value: number | boolean | string;
    unit: string;
  }[];
  readonly data: readonly { entries: readonly BthomeEntry[]; bytes: string }[];
  readonly sealed: readonly {
    publishedBy?: string;
    key: string;
    address: string;
    counter: number;
    entries: readonly BthomeEntry[];
    bytes: string;
  }[];
}

const { data, objects, sealed } = vectors('bthome.json') as Vectors;

const said = (decoded: BthomeData | undefined): readonly BthomeReading[] =>
  decoded === undefined || decoded.kind === 'sealed' ? [] : decoded.readings;
const read = (text: string): readonly BthomeReading[] => said(decodeBthome(unhex(text)));
const entriesOf = (decoded: BthomeData | undefined): readonly object[] =>
  said(decoded).map(({ id, value }) => ({ id, value }));

const everything = [
  { id: 0x00, value: 7 },
  { id: 0x02, value: 25 },
  { id: 0x26, value: false },
  { id: 0x27, value: true },
  { id: 0x3d, value: 3 },
];
const secret = { key: unhex('231d39c1d7cc1ab1aee224cd096db932'), address: '54:48:e6:8f:80:a5' };

describe('BTHome', () => {
  it('has every object of the format, read as its own examples say', () => {
    for (const { bytes, name, unit, value } of objects) {
      const [reading] = read(`40${bytes}`);
      assert.deepEqual(reading, { id: Number.parseInt(bytes.slice(0, 2), 16), name, value, unit }, bytes);
    }
    const shown = new Set(objects.map(({ bytes }) => Number.parseInt(bytes.slice(0, 2), 16)));
    assert.deepEqual(
      BTHOME_OBJECTS.map(({ id }) => id),
      [...shown].sort((a, b) => a - b),
    );
  });

  it('writes every number as those examples have it', () => {
    for (const { bytes, value } of objects) {
      if (typeof value === 'string') continue;
      const id = Number.parseInt(bytes.slice(0, 2), 16);
      assert.equal(hex(encodeBthome([{ id, value }])), `40${bytes}`);
    }
    assert.throws(() => encodeBthome([{ id: 0x53, value: 1 }]), RangeError);
    assert.throws(() => encodeBthome([{ id: 0xee, value: 1 }]), RangeError);
  });

  it('is what the vectors say, with several objects', () => {
    for (const { bytes, entries } of data) {
      assert.equal(hex(encodeBthome(entries)), bytes);
      assert.deepEqual(entriesOf(decodeBthome(unhex(bytes))), entries);
    }
  });

  it('puts the objects in ascending order, and leaves those of one id in theirs', () => {
    const bytes = encodeBthome([
      { id: 0x3d, value: 1 },
      { id: 0x02, value: 20 },
      { id: 0x02, value: 10 },
      { id: 0x00, value: 1 },
    ]);
    assert.equal(hex(bytes), '40' + '0001' + '02d007' + '02e803' + '3d0100');
  });

  it('saturates, and lets only the packet id wrap', () => {
    const extreme = [
      { id: 0x00, value: 258 },
      { id: 0x02, value: 1e6 },
      { id: 0x02, value: -1e6 },
      { id: 0x3d, value: -1 },
      { id: 0x3e, value: 1e12 },
    ];
    const values = said(decodeBthome(encodeBthome(extreme))).map(({ value }) => value);
    assert.deepEqual(values, [2, 327.67, -327.68, 0, 4_294_967_295]);
  });

  it('stops at an object that nobody knows or that is cut short, whatever follows', () => {
    assert.deepEqual(entriesOf(decodeBthome(Uint8Array.of(0x40, 0x00, 1, 0xee, 9, 9))), [
      { id: 0, value: 1 },
    ]);
    for (const cut of ['4053', '40530548', '403b', '403b0103', '4054', '4002ca'])
      assert.deepEqual(read(cut), []);
    const bytes = encodeBthome(everything);
    for (let length = 1; length < bytes.length; length++) {
      const partial = entriesOf(decodeBthome(bytes.subarray(0, length)));
      assert.deepEqual(partial, everything.slice(0, partial.length));
    }
  });

  it('is nothing of another version, and nothing empty', () => {
    for (const none of ['', '20', '2000', '60', 'ff']) assert.equal(decodeBthome(unhex(none)), undefined);
  });

  it('tells a device that is silent until something happens', () => {
    assert.equal(decodeBthome(unhex('443a01'))?.triggered, true);
    assert.equal(decodeBthome(unhex('403a01'))?.triggered, false);
  });

  it('is said in words', () => {
    const words = read('4002ca091a01' + '530548656c6c6f').map(describeReading);
    assert.deepEqual(words, ['temperature 25.06 °C', 'door open', 'text Hello']);
  });

  it('takes whatever is in the air', () => {
    const next = random32(1);
    for (let i = 0; i < 20_000; i++) {
      const bytes = Uint8Array.from({ length: next() % 32 }, () => next() & 0xff);
      if (bytes.length > 0) bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x07);
      decodeBthome(bytes, secret);
    }
  });
});

describe('encrypted BTHome', () => {
  it('is what its specification publishes, and what the vectors say', () => {
    assert.ok(sealed.some(({ publishedBy }) => publishedBy === 'https://bthome.io/encryption'));
    for (const { address, bytes, counter, entries, key } of sealed) {
      const seal = { key: unhex(key), address, counter };
      assert.equal(hex(encodeBthome(entries, seal)), bytes);
      const opened = decodeBthome(unhex(bytes), seal);
      assert.deepEqual(entriesOf(opened), entries);
      assert.equal(opened?.kind === 'opened' && opened.counter, counter);
    }
  });

  it('is opened with the address that it carries, where it carries one', () => {
    const bytes = unhex('43a5808fe64854f196c06ffb4900112233f08ecbde');
    const opened = decodeBthome(bytes, { ...secret, address: '00:00:00:00:00:00' });
    assert.deepEqual(
      said(opened).map(({ value }) => value),
      [25.06, 50.55],
    );
  });

  it('is AES-128-CCM as OpenSSL has it, for every length', () => {
    const counter = 7;
    for (let length = 0; length <= 15; length++) {
      const entries = Array.from({ length }, (_, i) => ({ id: 0x27, value: i % 2 === 0 }));
      const plain = encodeBthome(entries).subarray(1);
      const nonce = unhex('5448e68f80a5' + 'd2fc41' + '07000000');
      const cipher = createCipheriv('aes-128-ccm', secret.key, nonce, { authTagLength: 4 });
      const theirs = cipher.update(plain).toString('hex') + cipher.final().toString('hex');
      const bytes = hex(encodeBthome(entries, { ...secret, counter }));
      assert.equal(bytes, `41${theirs}07000000${cipher.getAuthTag().toString('hex')}`);
    }
  });

  it('stays sealed without the key, with another, for another address, and when a bit was turned', () => {
    const bytes = encodeBthome(everything, { ...secret, counter: 1 });
    const other = { ...secret, key: new Uint8Array(BTHOME_KEY_BYTES) };
    assert.equal(decodeBthome(bytes)?.kind, 'sealed');
    assert.equal(decodeBthome(bytes, other)?.kind, 'sealed');
    assert.equal(decodeBthome(bytes, { ...secret, address: '54:48:e6:8f:80:a6' })?.kind, 'sealed');
    for (let bit = 8; bit < 8 * bytes.length; bit++) {
      const turned = bytes.slice();
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(decodeBthome(turned, secret)?.kind, 'sealed');
    }
    for (let length = 1; length < bytes.length; length++)
      assert.equal(decodeBthome(bytes.subarray(0, length), secret)?.kind, 'sealed');
  });

  it('takes no counter that does not fit, and no address that is none', () => {
    for (const counter of [-1, 0.5, 2 ** 32])
      assert.throws(() => encodeBthome([], { ...secret, counter }), RangeError);
    assert.throws(() => encodeBthome([], { ...secret, address: 'unknown', counter: 1 }), RangeError);
  });
});
