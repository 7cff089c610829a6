import { GATT_SERVICES } from '@perigee/gatt';
import type { GattListener, GattService } from '../domain/index.js';
import { Allowances } from './allowances.js';
import { Handshakes } from './handshakes.js';
import { Phone } from './phone.js';
import type { PhoneParts } from './phone.js';

/** How soon a grant that was revoked has no session any more. */
const LOOK_EVERY_MS = 1000;

export interface PhoneService extends Disposable {
  /** To be served by the radio. */
  readonly service: GattService;
  /** Phones that talk to it now. */
  readonly count: number;
}

const { rx, tx } = GATT_SERVICES.control.characteristics;

/** The control service: a conversation for each phone. */
export function createPhoneService(
  parts: Omit<PhoneParts, 'allowances' | 'aloneUs' | 'handshakes'>,
): PhoneService {
  const shared = {
    ...{ allowances: new Allowances(), handshakes: new Handshakes() },
    aloneUs: new WeakMap<object, number>(),
  };
  const phones = new Set<Phone>();
  const timer = setInterval(() => phones.forEach((phone) => phone.look()), LOOK_EVERY_MS).unref();
  const conversation = {
    ...{ written: rx.uuid, notified: tx.uuid },
    begin(link: ConstructorParameters<typeof Phone>[0]): GattListener {
      const phone = new Phone(link, { ...parts, ...shared });
      phones.add(phone);
      return {
        receive: phone.receive,
        ready: phone.ready,
        ended() {
          phones.delete(phone);
          phone.ended();
        },
      };
    },
  };
  return {
    service: { uuid: GATT_SERVICES.control.uuid, characteristics: [], conversation },
    get count() {
      return phones.size;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      phones.forEach((phone) => phone.ended());
    },
  };
}
