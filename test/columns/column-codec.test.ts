import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ByteReader,
  ByteWriter,
  ColumnEncoder,
  decodeColumn,
  skipColumn,
  pack,
  unpack,
  widthOf,
} from '@perigee/columns';
import { random } from '../support/random.js';
import { ODD_NUMBERS, columns } from '../store/support-numbers.js';

function encoded(values: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  new ColumnEncoder(values.length).encode(writer, Float64Array.from(values));
  return writer.finish();
}

function roundTrip(values: readonly number[]): readonly number[] {
  const reader = new ByteReader(encoded(values));
  const read = new Float64Array(values.length);
  decodeColumn(reader, read);
  assert.ok(reader.isDone);
  return [...read];
}

describe('a column', () => {
  for (const count of [0, 1, 2, 3, 7, 8, 63, 64, 65, 66, 128, 300]) {
    it(`of ${count} numbers comes back bit by bit, whatever they are`, () => {
      for (const [name, values] of Object.entries(columns(count)))
        assert.deepEqual(roundTrip(values), values, name);
    });
  }

  it('of each odd number alone, and beside each other one, comes back', () => {
    for (const a of ODD_NUMBERS) {
      assert.deepEqual(roundTrip([a]), [a]);
      for (const b of ODD_NUMBERS) assert.deepEqual(roundTrip([a, b, a]), [a, b, a]);
    }
  });

  it('of numbers that people round is small: of a constant 3 bits a number, of a temperature a byte', () => {
    const chance = random(7);
    let temperature = 45;
    const walk = Array.from(
      { length: 300 },
      () => Math.round((temperature += (chance() - 0.5) / 5) * 100) / 100,
    );
    assert.ok(encoded(Array.from({ length: 300 }, () => 42)).length <= (300 * 3) / 8);
    assert.ok(encoded(walk).length <= 300);
  });

  it('is not taken for another one when it is cut short or longer', () => {
    for (const [name, values] of Object.entries(columns(70))) {
      const bytes = encoded(values);
      for (let end = 0; end < bytes.length; end += 1) {
        const reader = new ByteReader(bytes.subarray(0, end));
        decodeColumn(reader, new Float64Array(values.length));
        assert.ok(!reader.isDone, `${name} cut at ${end}`);
      }
      const longer = new ByteReader(Uint8Array.of(...bytes, 0));
      decodeColumn(longer, new Float64Array(values.length));
      assert.ok(!longer.isDone);
    }
  });

  it('is passed over where it is read, and broken where it is not', () => {
    const chance = random(8);
    const agree = (bytes: Uint8Array, count: number): boolean => {
      const [read, skipped] = [new ByteReader(bytes), new ByteReader(bytes)];
      decodeColumn(read, new Float64Array(count));
      skipColumn(skipped, count);
      assert.deepEqual([skipped.broken, skipped.left], [read.broken, read.left]);
      return read.broken;
    };
    let broken = 0;
    for (const values of Object.values(columns(70)))
      for (let round = 0; round < 500; round += 1) {
        const bytes = encoded(values);
        const at = Math.floor(chance() * Math.min(bytes.length, 40));
        if (round > 0) bytes[at] = Math.floor(chance() * 256);
        if (agree(bytes, values.length)) broken += 1;
      }
    assert.ok(broken > 100, 'some of it was no column');
  });

  it('of noise is read to an end, whatever comes of it', () => {
    const chance = random(3);
    for (let round = 0; round < 2000; round += 1) {
      const noise = Uint8Array.from({ length: Math.floor(chance() * 64) }, () => Math.floor(chance() * 256));
      assert.doesNotThrow(() => decodeColumn(new ByteReader(noise), new Float64Array(100)));
    }
  });
});

describe('packed bits', () => {
  it('of every width come back, at every length', () => {
    for (let bits = 0; bits <= 52; bits += 1) {
      const most = 2 ** bits - 1;
      const width = widthOf(most);
      for (const length of [1, 2, 7, 8, 9]) {
        const numbers = Float64Array.from({ length }, (_, at) =>
          at % 2 === 0 ? most : Math.floor(most / 3),
        );
        const writer = new ByteWriter(1);
        pack(writer, numbers, 0, length, width);
        const reader = new ByteReader(writer.finish());
        const read = new Float64Array(length).fill(NaN);
        unpack(reader, read, 0, length, width);
        assert.deepEqual([read, reader.isDone], [numbers, true], `${bits} bits, ${length} numbers`);
      }
    }
  });

  it('of a width that is none are refused', () => {
    for (const width of [25, 57, 255]) {
      const reader = new ByteReader(new Uint8Array(64));
      unpack(reader, new Float64Array(1), 0, 1, width);
      assert.ok(reader.broken, `${width}`);
    }
  });
});

describe('a varint', () => {
  it('of every size comes back, and so does a zigzag', () => {
    const writer = new ByteWriter(1);
    const wholes = Array.from({ length: 53 }, (_, bit) => [2 ** bit - 1, 2 ** bit]).flat();
    const signed = Array.from({ length: 52 }, (_, bit) => [2 ** bit, -(2 ** bit), 2 ** bit - 1]).flat();
    wholes.forEach((value) => writer.varint(value));
    signed.forEach((value) => writer.zigzag(value));
    const reader = new ByteReader(writer.finish());
    assert.deepEqual(
      wholes.map(() => reader.varint()),
      wholes,
    );
    assert.deepEqual(
      signed.map(() => reader.zigzag() + 0),
      signed,
    );
    assert.ok(reader.isDone);
  });

  it('that does not end breaks the reader, which then reads nothing more', () => {
    const reader = new ByteReader(new Uint8Array(20).fill(255));
    assert.deepEqual(
      [reader.varint(), reader.broken, reader.left, reader.u8(), reader.f64()],
      [0, true, 0, 0, 0],
    );
  });
});
