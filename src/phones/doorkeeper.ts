import type { InvitationTerms, ShownInvitation, Technician } from '../domain/index.js';

/** A one-time secret that a phone has named. */
export interface NamedInvitation {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly terms: InvitationTerms;
  /** A technician's name; undefined for whoever may open the control socket. */
  readonly invitedBy: string | undefined;
}

/** Who may come in, and what is written down of it. */
export interface Doorkeeper {
  holder(key: string): Technician | undefined;
  /** Of a key that nobody holds now. */
  whyNot(key: string): string;
  attempt(invitation: string): NamedInvitation | undefined;
  enrol(invitation: NamedInvitation, key: string): Promise<Technician>;
  note(what: { readonly act: 'session' | 'command'; readonly who: string; readonly detail: string }): void;
  invite(terms: InvitationTerms, invitedBy: string): Promise<ShownInvitation>;
  refuse(reason: string): void;
}
