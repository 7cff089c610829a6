import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { perigee } from '@perigee/proto';
import { UNITS, unitFromWire, unitToWire } from '../../src/domain/index.js';

describe("a unit's number", () => {
  it("is the schema's, for every unit of either side", () => {
    const named = UNITS.map((unit) => [`UNIT_${unit.toUpperCase().replaceAll('-', '_')}`, unitToWire(unit)]);
    assert.deepEqual(
      Object.fromEntries(named),
      Object.fromEntries(Object.entries(perigee.v1.Unit).filter(([name]) => name.startsWith('UNIT_'))),
    );
  });

  it('leads back to the unit, and no other number does', () => {
    for (const unit of UNITS) assert.equal(unitFromWire(unitToWire(unit)), unit);
    for (const number of [-1, UNITS.length, 0.5, NaN, 2 ** 31]) assert.equal(unitFromWire(number), undefined);
  });
});
