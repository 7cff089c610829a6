import { perigee } from '@perigee/proto';
import { PerigeeError } from '../domain/index.js';
import type { CallOptions, GatewayConnection } from './connection.js';
import type { Phone } from './phone.js';
import type { Sighting } from './sighting.js';

/** The gateway with this key, connected: names are not unique, and anyone may use one. @throws `radio-unavailable`. */
export async function findGateway(
  phone: Phone,
  key: Uint8Array,
  name: string | undefined,
  options: CallOptions = {},
): Promise<GatewayConnection> {
  const tried = new Set<string>();
  const attempt = async (sighting: Sighting): Promise<GatewayConnection | undefined> => {
    tried.add(sighting.address);
    const connection = await phone.connect(sighting, options);
    if (await hasKey(connection, key, options)) return connection;
    await connection.disconnect();
    return undefined;
  };
  const first = await attempt(await phone.find(name === undefined ? options : { ...options, name }));
  if (first !== undefined) return first;
  for (const sighting of await phone.scan(options)) {
    const found = tried.has(sighting.address) ? undefined : await attempt(sighting);
    if (found !== undefined) return found;
  }
  const cure = 'Go nearer to it. If its key has changed, ask for a new invitation.';
  throw new PerigeeError('radio-unavailable', 'no gateway in reach has the key that this phone knows', cure);
}

async function hasKey(
  connection: GatewayConnection,
  key: Uint8Array,
  options: CallOptions,
): Promise<boolean> {
  const info = await connection.readInfo(options);
  try {
    return Buffer.from(perigee.v1.GatewayInfo.decode(info).publicKey).equals(key);
  } catch {
    // No message of ours, and so another device.
    return false;
  }
}
