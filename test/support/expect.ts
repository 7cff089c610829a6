import assert from 'node:assert/strict';
import { PerigeeError, type ErrorCode } from '../../src/domain/index.js';

/** For assert.throws and assert.rejects: the documented code, a cure, and a message that matches. */
export function failsWith(code: ErrorCode, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof PerigeeError, `expected a PerigeeError, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.notEqual(error.cure, '');
    return true;
  };
}
