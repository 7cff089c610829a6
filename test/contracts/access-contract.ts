import assert from 'node:assert/strict';
import { AUDIT_ACTS, AUDIT_ENTRIES_MAX } from '../../src/domain/index.js';
import type { AuditRecord, Technician } from '../../src/domain/index.js';
import type { WithStore } from './journal-contract.js';

const technician = (key: string, changes: Partial<Technician> = {}): Technician => ({
  ...{ name: `of ${key}`, key: key.repeat(64), role: 'technician', mayEnrol: false, enrolledAtMs: 1 },
  ...changes,
});

const record = (detail: string): AuditRecord => ({ act: 'command', who: 'Ada', detail, wallMs: 5 });

/** What every store does with technicians and the audit log. */
export function accessContract(withStore: WithStore): void {
  withStore('knows nobody at first, and nothing was done', async ({ access }) => {
    assert.deepEqual(await access.technicians(), []);
    assert.deepEqual(await access.audit(10), []);
  });

  withStore('gives back every field of a technician, each as it was put last', async ({ access }) => {
    const full = technician('b', { name: 'Zoë "Z" O’Neil', role: 'viewer', mayEnrol: true, expiresAtMs: 9 });
    for (const one of [technician('c'), full, technician('a')]) await access.putTechnician(one);
    await access.putTechnician(technician('c', { role: 'viewer' }));
    assert.deepEqual(await access.technicians(), [
      technician('a'),
      full,
      technician('c', { role: 'viewer' }),
    ]);
  });

  withStore('removes a technician, and minds none that is not there', async ({ access }) => {
    await access.putTechnician(technician('a'));
    await access.putTechnician(technician('b'));
    for (let i = 0; i < 2; i++) await access.removeTechnician('a'.repeat(64));
    assert.deepEqual(await access.technicians(), [technician('b')]);
  });

  withStore('numbers what was done, and lists it from the newest on', async ({ access }) => {
    for (const act of AUDIT_ACTS) await access.appendAudit({ ...record(act), act });
    const entries = await access.audit(3);
    assert.deepEqual(
      entries.map(({ act, sequence }) => `${sequence} ${act}`),
      AUDIT_ACTS.map((act, index) => `${index + 1} ${act}`)
        .toReversed()
        .slice(0, 3),
    );
    assert.deepEqual(entries[0], { ...record('refused'), act: 'refused', sequence: AUDIT_ACTS.length });
  });

  withStore('keeps the order of entries that nobody waited for', async ({ access }) => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => access.appendAudit(record(String(i)))));
    const details = (await access.audit(100)).map(({ detail }) => detail);
    assert.deepEqual(
      details,
      Array.from({ length: 20 }, (_, i) => String(19 - i)),
    );
  });

  withStore('drops the oldest entries, and goes on counting', async ({ access }) => {
    const many = Array.from({ length: 64 }, (_, i) => i);
    for (let left = AUDIT_ENTRIES_MAX; left > 0; left -= many.length)
      await Promise.all(many.map((i) => access.appendAudit(record(String(i)))));
    await access.appendAudit(record('last'));
    const entries = await access.audit(2 * AUDIT_ENTRIES_MAX);
    assert.equal(entries.length, AUDIT_ENTRIES_MAX);
    assert.deepEqual(entries[0], { ...record('last'), sequence: entries.length + 1 });
    assert.equal(entries.at(-1)?.sequence, 2);
  });
}
