/** Structured log; fields first. The gateway's own logger fits. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = (): void => undefined;

export const SILENT: Logger = { info: ignore, warn: ignore, error: ignore };
