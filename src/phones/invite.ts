import type { perigee } from '@perigee/proto';
import { PerigeeError, ROLES } from '../domain/index.js';
import type { InvitationTerms, Technician } from '../domain/index.js';

/** Somebody who is invited from a phone stands beside it, or comes today. */
const MAX_VALID_MS = 86_400_000;
const USUAL_VALID_MS = 600_000;

/** Nobody grants more, or for longer, than they have. @throws PerigeeError `access-refused`, `usage`. */
export function invitationTerms(
  { grantMs, name, role, validMs }: perigee.v1.Invite.$Properties,
  by: Technician,
  nowMs: number,
): InvitationTerms {
  if (!by.mayEnrol)
    throw new PerigeeError(
      'access-refused',
      `${by.name} may invite nobody`,
      'Ask on the gateway: --may-enrol.',
    );
  const wanted = ROLES.find((each) => each === role);
  if (wanted === undefined)
    throw new PerigeeError('usage', 'this is no role', `Send one of ${ROLES.join(', ')}.`);
  if (wanted === 'technician' && by.role !== 'technician')
    throw new PerigeeError('access-refused', 'a viewer invites viewers only', 'Ask on the gateway.');
  const left = by.expiresAtMs === undefined ? undefined : Math.max(1, by.expiresAtMs - nowMs);
  const valid = validMs ?? 0;
  const grant = grantMs ? Math.min(grantMs, left ?? grantMs) : left;
  return {
    ...{ name: name ?? '', role: wanted, mayEnrol: false },
    ...(grant === undefined ? {} : { grantMs: grant }),
    validMs: Math.min(valid === 0 ? USUAL_VALID_MS : valid, MAX_VALID_MS),
  };
}
