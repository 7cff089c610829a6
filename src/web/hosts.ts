import { isIP, isIPv4, isIPv6 } from 'node:net';

/** `name`, `name:port`, `[address]` or `[address]:port` (RFC 9110, 7.2). */
const HOST_HEADER = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:[\]]*))(?::\d{1,5})?$/;

/** The names by which browsers of this network reach this machine: its own, the one of mDNS, the configured one. */
export function namesOf(hostname: string, configured: string): readonly string[] {
  const short = hostname.split('.')[0] ?? hostname;
  const names = [configured, 'localhost', hostname, `${short}.local`].map((name) => name.toLowerCase());
  return [...new Set(names)].filter((name) => isIP(name) === 0);
}

/**
 * Whether a Host header names this machine: a page of another site that made its name resolve to us must not read ours
 * (DNS rebinding). An address cannot be rebound, so any is good.
 */
export function isOurHost(header: string | undefined, names: readonly string[]): boolean {
  const { address, name } = HOST_HEADER.exec(header ?? '')?.groups ?? {};
  if (address !== undefined) return isIPv6(address);
  return name !== undefined && (isIPv4(name) || names.includes(name.toLowerCase()));
}
