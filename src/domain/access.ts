import { PerigeeError } from './errors.js';

/** What a phone may do that has a session. Anyone without one sees the public metrics and nothing else. */
export const ROLES = ['viewer', 'technician'] as const;
/** `viewer`: all that was measured. `technician`: runs, schedules and the time too. */
export type Role = (typeof ROLES)[number];

/** Somebody whose phone has enrolled. */
export interface Technician {
  /** For people, and unique: what is revoked is named. */
  readonly name: string;
  /** The phone's public key (X25519), 64 hexadecimal digits. */
  readonly key: string;
  readonly role: Role;
  /** May invite others. */
  readonly mayEnrol: boolean;
  /** Unix time, milliseconds, as the gateway believed it. */
  readonly enrolledAtMs: number;
  /** From then on the key counts no more; absent for a grant without an end. */
  readonly expiresAtMs?: number;
}

/** What a one-time secret will make of whoever enrols with it. */
export interface InvitationTerms {
  readonly name: string;
  readonly role: Role;
  readonly mayEnrol: boolean;
  /** Of the grant, from the enrolment on. */
  readonly grantMs?: number;
  /** How long the secret is good for. */
  readonly validMs: number;
}

export interface ShownInvitation {
  /** What the QR code says; it is shown once and kept nowhere. */
  readonly link: string;
  readonly validMs: number;
}

export const AUDIT_ACTS = [
  'invited',
  'enrolled',
  'revoked',
  'invitation-spent',
  'session',
  'command',
  'refused',
] as const;
export type AuditAct = (typeof AUDIT_ACTS)[number];

/** One line of the audit log. */
export interface AuditRecord {
  readonly act: AuditAct;
  /** A technician's name; `local` for whoever may open the control socket; empty for a phone that nobody knows. */
  readonly who: string;
  /** What a person reads of it. */
  readonly detail: string;
  /** Unix time, milliseconds, as the gateway believed it. */
  readonly wallMs: number;
}

export interface AuditEntry extends AuditRecord {
  /** Counts from 1 over the life of the store. The oldest entries make room; the numbers tell how many there were. */
  readonly sequence: number;
}

/**
 * Who is known, and what was done. Technicians survive a power cut from the moment that a call resolves; of the log, a
 * power cut takes no more than of the samples.
 */
export interface AccessStore {
  /** In the order of their keys. One that cannot be read is left out, and logged. */
  technicians(): Promise<readonly Technician[]>;
  /** Replaces the one with the same key. */
  putTechnician(technician: Technician): Promise<void>;
  removeTechnician(key: string): Promise<void>;
  /** Newest first. */
  audit(limit: number): Promise<readonly AuditEntry[]>;
  /** Behind all that there is; what is older than the newest `AUDIT_ENTRIES_MAX` is dropped. */
  appendAudit(record: AuditRecord): Promise<void>;
}

/** Some months of a gateway that is used daily, in half a megabyte. */
export const AUDIT_ENTRIES_MAX = 4096;

/** Who may do what, for whoever may open the control socket. */
export interface AccessControl {
  technicians(): Promise<readonly Technician[]>;
  /** @throws PerigeeError `access-refused` where the name is taken, or there are too many. */
  invite(terms: InvitationTerms): Promise<ShownInvitation>;
  /** Ends the technician's sessions too. @throws PerigeeError `technician-unknown`. */
  revoke(name: string): Promise<Technician>;
  audit(limit: number): Promise<readonly AuditEntry[]>;
}

const NAME_MAX = 32;
/** No control characters, and no space at the ends. */
const NAME = /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u;

/** One line of at most 32 characters: it stands in tables and commands. */
export function parseTechnicianName(text: string): string {
  if (text.length <= NAME_MAX && NAME.test(text)) return text;
  const rule = `Use at most ${NAME_MAX} characters, without control characters, and no space at the ends.`;
  throw new PerigeeError('usage', `"${text}" is no name of a technician`, rule);
}
