import * as v from 'valibot';
import { AUDIT_ACTS, AUDIT_ENTRIES_MAX, ROLES } from '../../domain/index.js';
import type { AccessStore, AuditRecord, Logger, Technician } from '../../domain/index.js';
import { put, remove, type Database, type Operation } from '../database/database.js';
import { readingFailed } from '../database/level-errors.js';
import { jsonBytes, parseJson } from '../format/codec.js';
import * as keys from '../format/keys.js';

const time = v.pipe(v.number(), v.finite());

/** Keys that a later version adds are left out, so that an older one reads on. */
const technician = v.object({
  name: v.string(),
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  role: v.picklist(ROLES),
  mayEnrol: v.boolean(),
  enrolledAtMs: time,
  expiresAtMs: v.exactOptional(time),
}) satisfies v.GenericSchema<unknown, Technician>;

const auditRecord = v.object({
  act: v.picklist(AUDIT_ACTS),
  who: v.string(),
  detail: v.string(),
  wallMs: time,
}) satisfies v.GenericSchema<unknown, AuditRecord>;

interface Parts {
  readonly db: Database;
  readonly path: string;
  readonly logger: Logger;
  /** Resolves once it is safe from a power cut. */
  readonly writeNow: (operation: Operation) => Promise<void>;
  /** Writes what is planned once everything before it is written. */
  readonly write: (plan: () => Promise<Operation[]>) => Promise<void>;
}

/** Technicians and the audit log within the store's database: a JSON text each. */
export function levelAccess({ db, path, logger, write, writeNow }: Parts): AccessStore {
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw readingFailed(path, error);
    }
  };
  const parsed = <T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array, what: string): readonly T[] => {
    const result = v.safeParse(schema, parseJson(bytes));
    if (!result.success) logger.warn({ path }, `${what} cannot be read`);
    return result.success ? [result.output] : [];
  };
  /** The number of the last entry, once it was asked for. */
  let last: number | undefined;
  const newest = async (): Promise<number> => {
    const [key] = await reading(() => db.keys({ ...keys.rangeOf('audit'), reverse: true, limit: 1 }).all());
    return key === undefined ? 0 : keys.sequenceOfKey(key);
  };
  return {
    async technicians() {
      const found = await reading(() => db.values(keys.rangeOf('technician')).all());
      return found.flatMap((bytes) => parsed(technician, bytes, 'a technician'));
    },
    putTechnician: (one) => writeNow(put(keys.technicianKeyOf(one.key), jsonBytes(one))),
    removeTechnician: (key) => writeNow(remove(keys.technicianKeyOf(key))),
    async audit(limit) {
      const found = await reading(() =>
        db.iterator({ ...keys.rangeOf('audit'), reverse: true, limit }).all(),
      );
      return found.flatMap(([key, bytes]) =>
        parsed(auditRecord, bytes, 'an entry of the audit log').map((record) => ({
          ...record,
          sequence: keys.sequenceOfKey(key),
        })),
      );
    },
    appendAudit: (record) =>
      write(async () => {
        last = (last ?? (await newest())) + 1;
        const entry = put(keys.auditKeyOf(last), jsonBytes(record));
        const dropped = last - AUDIT_ENTRIES_MAX;
        return dropped > 0 ? [entry, remove(keys.auditKeyOf(dropped))] : [entry];
      }),
  };
}
