import type { InvitationTerms } from '../domain/index.js';

/** A person invites a few at a time, and each is good for minutes. */
const MAX_INVITATIONS = 16;
/**
 * Handshakes that name an invitation and never prove its secret: a phone that loses its connection tries again, and
 * whoever guesses 256 bits gets no further.
 */
const MAX_ATTEMPTS = 10;

/** A one-time secret that is out. It lives in memory only: a restart takes it back. */
export interface OpenInvitation {
  /** Hexadecimal. */
  readonly id: string;
  readonly secret: Uint8Array;
  readonly terms: InvitationTerms;
  /** A technician's name; undefined for whoever may open the control socket. */
  readonly invitedBy: string | undefined;
}

interface Kept extends OpenInvitation {
  readonly expiresUs: number;
  attempts: number;
}

/** The invitations that are out, by the monotonic clock, which nobody can set. */
export class Invitations {
  readonly #kept = new Map<string, Kept>();

  /** In the place of one of the same name, whose code was perhaps lost. False when there are too many. */
  add(invitation: OpenInvitation, nowUs: number): boolean {
    const same = this.#open(nowUs).find(({ terms }) => terms.name === invitation.terms.name);
    if (same !== undefined) this.#kept.delete(same.id);
    if (this.#kept.size >= MAX_INVITATIONS) return false;
    const expiresUs = nowUs + invitation.terms.validMs * 1000;
    this.#kept.set(invitation.id, { ...invitation, expiresUs, attempts: 0 });
    return true;
  }

  /** One that may be tried, once more; `spent` is one that was tried too often with this. */
  attempt(id: string, nowUs: number): OpenInvitation | 'spent' | undefined {
    const kept = this.#open(nowUs).find((each) => each.id === id);
    if (kept === undefined) return undefined;
    kept.attempts += 1;
    if (kept.attempts <= MAX_ATTEMPTS) return kept;
    this.#kept.delete(id);
    return 'spent';
  }

  /** True for the one that takes it; whoever comes later is too late. */
  take(id: string): boolean {
    return this.#kept.delete(id);
  }

  /** All that somebody has made. */
  takeBack(invitedBy: string): void {
    for (const kept of this.#kept.values()) if (kept.invitedBy === invitedBy) this.#kept.delete(kept.id);
  }

  #open(nowUs: number): readonly Kept[] {
    for (const { expiresUs, id } of this.#kept.values()) if (nowUs >= expiresUs) this.#kept.delete(id);
    return [...this.#kept.values()];
  }
}
