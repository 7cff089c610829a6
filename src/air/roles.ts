/** What a controller does beside its connections: it advertises, and it scans. */
export interface Advertising {
  readonly enabled: boolean;
  readonly type: number;
  readonly intervalMs: number;
  readonly data: Buffer;
  readonly scanResponse: Buffer;
}

/** Advertising types (7.8.5) and, with the scan response, the types of reports (7.7.65.2). */
export const CONNECTABLE = 0x00;
export const SCANNABLE = 0x02;
export const SCAN_RESPONSE = 0x04;

export interface Scanning {
  readonly enabled: boolean;
  readonly active: boolean;
  readonly filterDuplicates: boolean;
}

export const NOT_ADVERTISING: Advertising = {
  enabled: false,
  type: CONNECTABLE,
  intervalMs: 1280,
  data: Buffer.alloc(0),
  scanResponse: Buffer.alloc(0),
};
export const NOT_SCANNING: Scanning = { enabled: false, active: false, filterDuplicates: false };
