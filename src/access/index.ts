/** Technicians: keys, roles, grants with an end, invitations, revocation, and the log of what was done. */
export { Access } from './access.js';
export type { OpenInvitation } from './invitations.js';
