import { askHelper } from '../runner/index.js';

/** The board's own clock, as far as programs of its system tell and set it. */
export interface SystemTime {
  /** Whether NTP keeps it; undefined where nothing says so. */
  isKept(): Promise<boolean | undefined>;
  /** Resolves with why it could not be set; undefined where it was. */
  set(wallMs: number): Promise<string | undefined>;
}

/**
 * By systemd's word, which is the kernel's whatever NTP client there is; and by date(1), which the system lets set the
 * clock only with CAP_SYS_TIME.
 */
export function systemTime(searchPath: string): SystemTime {
  const env = { PATH: searchPath };
  return {
    async isKept() {
      const answer = await askHelper('timedatectl', ['show', '--property=NTPSynchronized', '--value'], env);
      return 'said' in answer ? { yes: true, no: false }[answer.said.trim()] : undefined;
    },
    async set(wallMs) {
      const answer = await askHelper('date', [`--set=@${(wallMs / 1000).toFixed(3)}`], env);
      return 'complaint' in answer ? answer.complaint : undefined;
    },
  };
}
