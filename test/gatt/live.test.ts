import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeLive, encodeLive } from '@perigee/gatt';
import type { LiveValues } from '@perigee/gatt';
import { hex, unhex, vectors } from './support-vectors.js';

/** Null for what is not known. */
interface LiveVector {
  readonly sequence: number;
  readonly unixSeconds: number | null;
  readonly values: readonly { id: number; value: number | null }[];
  readonly bytes: string;
}

const { live } = vectors('codecs.json') as { readonly live: readonly LiveVector[] };

const known = ({ sequence, unixSeconds, values }: LiveVector): LiveValues => ({
  ...{ sequence, unixSeconds: unixSeconds ?? undefined },
  values: values.map(({ id, value }) => ({ id, value: value ?? undefined })),
});

describe('live values', () => {
  it('are what the vectors say', () => {
    for (const vector of live) {
      assert.equal(hex(encodeLive(known(vector))), vector.bytes);
      assert.deepEqual(decodeLive(unhex(vector.bytes)), known(vector));
    }
  });

  it('are read as far as they are there whole', () => {
    const values = [1, 2, 3].map((id) => ({ id, value: id }));
    const bytes = encodeLive({ sequence: 1, unixSeconds: 1, values });
    for (let length = 0; length <= bytes.length; length++) {
      const read = decodeLive(bytes.subarray(0, length));
      if (length < 8) assert.equal(read, undefined);
      else assert.deepEqual(read?.values, values.slice(0, Math.floor((length - 8) / 5)));
    }
  });

  it('have seven digits, as 32 bits hold', () => {
    const values = [48.2, 0.25, 3_123_456_000].map((value, id) => ({ id, value }));
    const read = decodeLive(encodeLive({ sequence: 0, unixSeconds: undefined, values }));
    assert.deepEqual(
      read?.values.map(({ value }) => value),
      [48.2, 0.25, 3_123_456_000],
    );
  });
});
