import { perigee } from '@perigee/proto';
import { PerigeeError } from '../domain/index.js';
import type { CallOptions, GatewayConnection } from './connection.js';
import type { Phone } from './phone.js';
import type { Sighting } from './sighting.js';

export interface FindOptions extends CallOptions {
  /** Hears what it is called now, where that is no beginning of its name: the air has no room for a long one. */
  readonly renamed?: (name: string) => Promise<void>;
}

/** The gateway with this key, connected: names are not unique, and anyone may use one. @throws `radio-unavailable`. */
export async function findGateway(
  phone: Phone,
  key: Uint8Array,
  name: string | undefined,
  { renamed, ...options }: FindOptions = {},
): Promise<GatewayConnection> {
  const tried = new Set<string>();
  const attempt = async (sighting: Sighting): Promise<GatewayConnection | undefined> => {
    tried.add(sighting.address);
    const connection = await phone.connect(sighting, options);
    if (!(await hasKey(connection, key, options))) {
      await connection.disconnect();
      return undefined;
    }
    const isRenamed = sighting.name !== '' && name?.startsWith(sighting.name) === false;
    if (isRenamed) await renamed?.(sighting.name);
    return connection;
  };
  const called = await byName(phone, name, options);
  const first = called === undefined ? undefined : await attempt(called);
  if (first !== undefined) return first;
  for (const sighting of await phone.scan(options)) {
    const found = tried.has(sighting.address) ? undefined : await attempt(sighting);
    if (found !== undefined) return found;
  }
  const cure = 'Go nearer to it. If its key has changed, ask for a new invitation.';
  throw new PerigeeError('radio-unavailable', 'no gateway in reach has the key that this phone knows', cure);
}

/** None is heard of the old name of a gateway that has a new one. */
async function byName(
  phone: Phone,
  name: string | undefined,
  options: CallOptions,
): Promise<Sighting | undefined> {
  if (name === undefined) return await phone.find(options);
  try {
    return await phone.find({ ...options, name });
  } catch (error) {
    if (error instanceof PerigeeError && error.code === 'radio-unavailable') return undefined;
    throw error;
  }
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
