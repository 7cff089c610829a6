import { randomBytes } from 'node:crypto';
import { encodeInvitation, INVITATION_ID_BYTES, INVITATION_SECRET_BYTES } from '@perigee/gatt';
import { PerigeeError, parseTechnicianName, reasonOf } from '../domain/index.js';
import type {
  AccessControl,
  AccessStore,
  AuditRecord,
  Clock,
  InvitationTerms,
  Logger,
  ShownInvitation,
  Technician,
} from '../domain/index.js';
import { Invitations, type OpenInvitation } from './invitations.js';

/** More than service one board. */
const MAX_TECHNICIANS = 64;
/** Refusals are told together, once in so long: a flood of them pushes nothing else out of the log. */
const REFUSALS_EVERY_US = 60e6;
/** A line of the log; what a phone sends may be as long as a message. */
const DETAIL_MAX = 128;
/** In the log, for whoever may open the control socket: the name of no technician. */
const LOCAL = 'local';

interface AccessParts {
  readonly store: AccessStore;
  /** The gateway's public key, for the QR codes. */
  readonly gatewayKey: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who may do what: technicians and their grants, invitations, and the log of what was done. */
export class Access implements AccessControl {
  readonly #parts: AccessParts;
  readonly #technicians: Map<string, Technician>;
  readonly #invitations = new Invitations();
  /** A clock that was set back makes no grant longer. */
  #latestMs: number;
  #refusals = 0;
  /** Since the start, by reason: of these there are a few. */
  readonly #refused = new Map<string, number>();
  #refusalsToldUs = -Infinity;

  private constructor(parts: AccessParts, technicians: readonly Technician[], latestMs: number) {
    this.#parts = parts;
    this.#technicians = new Map(technicians.map((one) => [one.key, one]));
    this.#latestMs = latestMs;
  }

  static async open(parts: AccessParts): Promise<Access> {
    const [newest] = await parts.store.audit(1);
    return new Access(parts, await parts.store.technicians(), newest?.wallMs ?? -Infinity);
  }

  /** Whoever holds the key (hexadecimal) now; undefined for nobody, and once the grant has expired. */
  holder(key: string): Technician | undefined {
    const found = this.#technicians.get(key);
    return found?.expiresAtMs !== undefined && this.#nowMs() >= found.expiresAtMs ? undefined : found;
  }

  /** Of a key that nobody holds now. */
  whyNot(key: string): string {
    return this.#technicians.has(key) ? 'a grant that has expired' : 'a key of no technician';
  }

  technicians(): Promise<readonly Technician[]> {
    return Promise.resolve([...this.#technicians.values()]);
  }

  /** `invitedBy` is a technician's name; absent for whoever may open the control socket. */
  invite(terms: InvitationTerms, invitedBy?: string): Promise<ShownInvitation> {
    const nowUs = this.#parts.clock.monotonicUs();
    const name = parseTechnicianName(terms.name);
    if (name === LOCAL) throw refused(`"${name}" is who acts on the gateway itself`, 'Choose another name.');
    if (this.#named(name) !== undefined)
      throw refused(
        `"${name}" is taken`,
        'Choose another name, or revoke that one: perigee technician revoke NAME.',
      );
    this.#checkRoom();
    const [id, secret] = [randomBytes(INVITATION_ID_BYTES), randomBytes(INVITATION_SECRET_BYTES)];
    const invitation = { id: id.toString('hex'), secret, terms, invitedBy };
    if (!this.#invitations.add(invitation, nowUs))
      throw refused('too many invitations are out', 'Wait until some of them expire.');
    this.note({ act: 'invited', who: invitedBy ?? LOCAL, detail: `${name}, as ${terms.role}` });
    const link = encodeInvitation({ gatewayKey: this.#parts.gatewayKey, id, secret });
    return Promise.resolve({ link, validMs: terms.validMs });
  }

  /** The invitation that a phone names, for one attempt; undefined where there is none (any more). */
  attempt(id: string): OpenInvitation | undefined {
    const found = this.#invitations.attempt(id, this.#parts.clock.monotonicUs());
    if (found !== 'spent') return found && this.#stands(found) ? found : undefined;
    this.note({ act: 'invitation-spent', who: '', detail: `${id} was tried too often, and is void` });
    return undefined;
  }

  /**
   * For a phone that has proved that it has the secret. A refusal leaves the invitation as it is.
   * @throws PerigeeError `access-refused` for one that is late, or for a phone that is somebody here.
   */
  async enrol(invitation: OpenInvitation, key: string): Promise<Technician> {
    const { id, invitedBy, terms } = invitation;
    const same = this.#technicians.get(key);
    if (same !== undefined)
      throw refused(
        `this phone is "${same.name}" here already`,
        `To enrol it as another, revoke that first: perigee technician revoke ${same.name}.`,
      );
    this.#checkRoom();
    if (!this.#stands(invitation) || !this.#invitations.take(id))
      throw refused(
        'this invitation was used, taken back or has expired',
        'Ask for a new one: perigee technician add NAME.',
      );
    const enrolledAtMs = this.#nowMs();
    const { grantMs, mayEnrol, name, role } = terms;
    const technician: Technician = {
      ...{ name, key, role, mayEnrol, enrolledAtMs },
      ...(grantMs === undefined ? {} : { expiresAtMs: enrolledAtMs + grantMs }),
    };
    // Before it is stored, so that no other enrolment of this key or name, or above the limit, passes meanwhile.
    this.#technicians.set(key, technician);
    try {
      await this.#parts.store.putTechnician(technician);
    } catch (error) {
      this.#technicians.delete(key);
      throw error;
    }
    this.note({
      act: 'enrolled',
      who: name,
      detail: `as ${role}, key ${key.slice(0, 16)}…, invited by ${invitedBy ?? LOCAL}`,
    });
    return technician;
  }

  /** Takes back what they have invited, too. */
  async revoke(name: string, by = LOCAL): Promise<Technician> {
    const found = this.#named(name);
    if (found === undefined) {
      const cure = 'See who there is: perigee technician ls.';
      throw new PerigeeError('technician-unknown', `there is no technician "${name}"`, cure);
    }
    await this.#parts.store.removeTechnician(found.key);
    this.#technicians.delete(found.key);
    this.#invitations.takeBack(name);
    this.note({ act: 'revoked', who: by, detail: name });
    return found;
  }

  audit(limit: number): ReturnType<AccessStore['audit']> {
    return this.#parts.store.audit(limit);
  }

  /** Writes it down; nobody waits for it, and one that cannot be written is logged. */
  note(what: Omit<AuditRecord, 'wallMs'>): void {
    const detail = what.detail.slice(0, DETAIL_MAX);
    this.#parts.store.appendAudit({ ...what, detail, wallMs: this.#nowMs() }).catch((error: unknown) => {
      this.#parts.logger.error({ ...what, reason: reasonOf(error) }, 'the audit log has a gap');
    });
  }

  /** Counts a handshake or a frame that was refused. */
  refuse(reason: string): void {
    this.#refusals += 1;
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    const nowUs = this.#parts.clock.monotonicUs();
    if (nowUs < this.#refusalsToldUs + REFUSALS_EVERY_US) return;
    const detail =
      this.#refusals === 1 ? reason : `${this.#refusals} times since the last of these; now: ${reason}`;
    this.note({ act: 'refused', who: '', detail });
    this.#refusals = 0;
    this.#refusalsToldUs = nowUs;
  }

  /** How often a phone was refused since the start, by reason. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused);
  }

  #named(name: string): Technician | undefined {
    return [...this.#technicians.values()].find((one) => one.name === name);
  }

  /** An invitation counts as long as whoever made it may invite. */
  #stands({ invitedBy }: OpenInvitation): boolean {
    if (invitedBy === undefined) return true;
    const by = this.#named(invitedBy);
    return by !== undefined && this.holder(by.key)?.mayEnrol === true;
  }

  #checkRoom(): void {
    if (this.#technicians.size >= MAX_TECHNICIANS)
      throw refused(`there are ${MAX_TECHNICIANS} technicians already`, 'Revoke one: perigee technician ls.');
  }

  #nowMs(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#parts.clock.wallMs());
    return this.#latestMs;
  }
}

function refused(message: string, cure: string): PerigeeError {
  return new PerigeeError('access-refused', message, cure);
}
