import { pino } from 'pino';
import type { Logger } from '../domain/index.js';

/** JSON lines on standard error: standard output belongs to what a command prints. */
export function createLogger(level: 'debug' | 'info' | 'warn' | 'error' | 'silent'): Logger {
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
}
