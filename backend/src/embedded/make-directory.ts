import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../errors.js';

/**
 * Makes a directory and what is missing above it. Node's own recursive mkdir never ends where a parent exists and yet
 * answers ENOENT, as /proc does.
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && statSync(path).isDirectory()) return;
    if (systemCode(error) !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path);
  }
}
