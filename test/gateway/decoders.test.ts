import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image } from '../../src/domain/index.js';
import { guestDecoders } from '../../src/gateway/decoders.js';
import { parseManifest } from '../../src/images/index.js';

const imageOf = (digit: string): Image =>
  parseManifest(
    [
      'name: a',
      'version: "1"',
      'flavour: raw',
      'memoryMib: 4',
      `kernels: { x86_64: { file: kernel, sha256: ${digit.repeat(64)} } }`,
    ].join('\n'),
    '/images/a',
  );

describe('the series that an image invents by lines', () => {
  it('are capped over all its runs, and begin anew with another image of its name', () => {
    const { lines } = guestDecoders();
    const taken = (image: Image, from: number): number => {
      const text = Array.from({ length: 100 }, (_, index) => `m${from + index} v=1\n`).join('');
      return lines(image)
        .pushWhole(Buffer.from(text), 0)
        .flatMap((event) => (event.kind === 'report' ? event.samples : [])).length;
    };
    assert.deepEqual([taken(imageOf('a'), 0), taken(imageOf('a'), 100)], [100, 28]);
    assert.equal(taken(imageOf('b'), 200), 100);
  });
});
