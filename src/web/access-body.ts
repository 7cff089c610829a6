import * as v from 'valibot';
import { PerigeeError, ROLES, type InvitationTerms } from '../domain/index.js';

/** Somebody who is invited comes today, or this week. */
const MAX_VALID_MS = 7 * 86_400_000;
/** Ten years: for longer, a grant has no end. */
const MAX_GRANT_MS = 3650 * 86_400_000;
/** More than a person scrolls through. */
const MAX_AUDIT_LISTED = 1000;

const span = (most: number): v.GenericSchema<number> =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
/** What reads it says what it takes; this only bounds it. */
const name = v.pipe(v.string(), v.maxLength(128));

const invitation = v.strictObject({
  name,
  role: v.picklist(ROLES),
  mayEnrol: v.optional(v.boolean(), false),
  grantMs: v.exactOptional(span(MAX_GRANT_MS)),
  validMs: span(MAX_VALID_MS),
});

const auditQuery = v.strictObject({
  limit: v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number), v.maxValue(MAX_AUDIT_LISTED)),
});

/** @throws PerigeeError `usage`. */
export function parseInvitation(body: unknown): InvitationTerms {
  return parse(invitation, body, 'Send {"name": "Ada", "role": "technician", "validMs": 600000}.');
}

/** @throws PerigeeError `usage`. */
export function parseName(body: unknown): string {
  return parse(v.strictObject({ name }), body, 'Send {"name": "Ada"}.').name;
}

/** @throws PerigeeError `usage`. */
export function parseAuditQuery(query: unknown): number {
  return parse(auditQuery, query, `Ask for /api/audit?limit=50, at most ${MAX_AUDIT_LISTED}.`).limit;
}

function parse<T>(schema: v.GenericSchema<unknown, T>, body: unknown, cure: string): T {
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return parsed.output;
  throw new PerigeeError('usage', `the request is not valid: ${parsed.issues[0].message}`, cure);
}
