import { randomBytes } from 'node:crypto';
import { parseRunId, type RunId } from '../domain/index.js';

export function newRunId(): RunId {
  return parseRunId(randomBytes(8).toString('hex'));
}
