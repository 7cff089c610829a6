import type { Logger } from '../../src/domain/index.js';

const nothing = (): void => undefined;

/** For tests whose claims show elsewhere. */
export const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Keeps what was said. */
export function listening(): { readonly logger: Logger; readonly said: string[] } {
  const said: string[] = [];
  const keep = (fields: object, message: string): void =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  return { said, logger: { debug: keep, info: keep, warn: keep, error: keep } };
}
