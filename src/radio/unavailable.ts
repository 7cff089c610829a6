import { PerigeeError, reasonOf } from '../domain/index.js';

/** What helps against what the kernel says when an adapter is opened. */
const CURES: Readonly<Record<string, string>> = {
  EPERM:
    'Give the gateway the capabilities CAP_NET_RAW and CAP_NET_ADMIN (AmbientCapabilities= in its systemd unit).',
  EACCES:
    'Give the gateway the capabilities CAP_NET_RAW and CAP_NET_ADMIN (AmbientCapabilities= in its systemd unit).',
  EBUSY:
    'Another program holds the adapter: stop it with `systemctl stop bluetooth` and `hciconfig hci0 down`.',
  ENODEV: 'The adapter is gone: plug it in again, or give the number of another one.',
  EAFNOSUPPORT: 'Load the kernel module `bluetooth`, or choose the virtual radio.',
};
const ELSE = 'Look at `dmesg | grep -i bluetooth`, or choose the virtual radio.';

/** The one place where the drivers' and the kernel's errors become ours. */
export function unavailable(cause: unknown): PerigeeError {
  if (cause instanceof PerigeeError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = `The Bluetooth adapter does not start: ${reasonOf(cause)}`;
  return new PerigeeError('radio-unavailable', message, CURES[code] ?? ELSE, { cause });
}
