import { existsSync } from 'node:fs';
import { PerigeeError } from '../domain/index.js';
import { ControlSession, findGateway, openPhone, PhoneBook } from '../nearby/index.js';
import type { KnownGateway, Phone, PhoneRadio, Visit } from '../nearby/index.js';
import { airSocket, nodeCurve, phoneBookFile } from '../platform/index.js';
import { configOf, type CommonOptions } from './options.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the phone's radio is, and which gateway is meant. */
export interface NearbyOptions extends CommonOptions {
  readonly air?: string;
  readonly hci?: number;
  readonly gateway?: string;
}

export function withSession(
  env: Env,
  options: NearbyOptions,
  use: (session: ControlSession) => Promise<void>,
): Promise<number> {
  return withVisits(env, options, async (visit) => {
    await using here = await visit();
    await use(here.session);
    return 0;
  });
}

/** Gives a way to the gateway that may be gone again and again: each time it is found, connected to and spoken to. */
export async function withVisits<T>(
  env: Env,
  options: NearbyOptions,
  use: (visit: () => Promise<Visit & { readonly session: ControlSession }>) => Promise<T>,
): Promise<T> {
  const book = await bookOf(env, options);
  const known = theGateway(book, options);
  await using handset = await Handset.open(radioOf(env, options));
  const gatewayKey = new Uint8Array(Buffer.from(known.key, 'hex'));
  return await use(async () => {
    const connection = await findGateway(await handset.phone(), gatewayKey, known.name, {
      renamed: (name) => book.add({ ...known, name }),
    });
    const credentials = { curve: nodeCurve, keys: book.keys, gatewayKey };
    const { session } = await ControlSession.open(connection, credentials);
    return { session, [Symbol.asyncDispose]: () => connection.disconnect() };
  });
}

/** A phone whose radio may go away with the gateway that has it: for the next visit there is another. */
class Handset implements AsyncDisposable {
  readonly #radio: PhoneRadio;
  #phone: Phone;

  private constructor(radio: PhoneRadio, phone: Phone) {
    this.#radio = radio;
    this.#phone = phone;
  }

  static async open(radio: PhoneRadio): Promise<Handset> {
    return new Handset(radio, await openPhone(radio));
  }

  async phone(): Promise<Phone> {
    if (this.#phone.isLost) {
      await this.#phone[Symbol.asyncDispose]();
      this.#phone = await openPhone(this.#radio);
    }
    return this.#phone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#phone[Symbol.asyncDispose]();
  }
}

function theGateway(book: PhoneBook, { gateway }: NearbyOptions): KnownGateway {
  const found = book.gateways.filter(
    ({ gatewayId, name }) => gateway === undefined || [gatewayId, name].includes(gateway),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    const message = 'this phone has enrolled at no such gateway';
    const cure =
      'Ask for an invitation (perigee technician add NAME), and give its text to perigee nearby enrol.';
    throw new PerigeeError('access-refused', message, cure);
  }
  const names = found.map(({ gatewayId, name }) => `${name} (${gatewayId})`).join(', ');
  throw new PerigeeError('usage', `this phone knows several: ${names}`, 'Say which: --gateway ID.');
}

/** A gateway on this machine without an adapter has an air of its own, which lies beside its data. */
export function radioOf(env: Env, { air, hci, ...options }: NearbyOptions): PhoneRadio {
  if (hci !== undefined) return { hciDevice: hci };
  const socket = air ?? airSocket(configOf(env, options).dataDirectory);
  return air === undefined && !existsSync(socket) ? { hciDevice: 0 } : { airSocket: socket };
}

export function bookOf(env: Env, options: CommonOptions): Promise<PhoneBook> {
  return PhoneBook.open(phoneBookFile(configOf(env, options).dataDirectory), nodeCurve);
}
