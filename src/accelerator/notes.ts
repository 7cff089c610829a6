import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { reasonOf, type Logger } from '../domain/index.js';

const ms = v.pipe(v.number(), v.finite(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(4096));
const trial = v.variant('kind', [
  v.strictObject({ kind: v.literal('reported'), loopMs: ms, afterMs: ms }),
  v.strictObject({ kind: v.literal('paused'), detail: text }),
  v.strictObject({ kind: v.literal('failed'), detail: text }),
  v.strictObject({ kind: v.literal('late'), afterMs: ms }),
]);
const noteSchema = v.strictObject({
  /** What the answer holds for: fingerprint.ts. */
  key: v.string(),
  accelerator: v.picklist(['tcg', 'kvm']),
  why: text,
  trials: v.strictObject({ tcg: trial, kvm: trial }),
});

export type Note = Readonly<v.InferOutput<typeof noteSchema>>;

/** Undefined for a note that is absent, damaged, or about another board, boot, QEMU or guest. */
export async function readNote(path: string, key: string): Promise<Note | undefined> {
  try {
    const parsed = v.safeParse(noteSchema, JSON.parse(await readFile(path, 'utf8')));
    return parsed.success && parsed.output.key === key ? parsed.output : undefined;
  } catch {
    // Absent, unreadable or no JSON: the trial is held again, and the note is written anew.
    return undefined;
  }
}

/** Replaces the note whole or not at all. Where it cannot be written the next start pays for another trial. */
export async function writeNote(path: string, note: Note, logger: Logger): Promise<void> {
  const draft = `${path}.${process.pid}`;
  try {
    await writeFile(draft, `${JSON.stringify(note)}\n`, { mode: 0o600 });
    await rename(draft, path);
  } catch (error) {
    logger.warn({ path }, `the accelerator cannot be noted: ${reasonOf(error)}`);
    await rm(draft, { force: true }).catch((again: unknown) =>
      logger.warn({ draft }, `a draft is left behind: ${reasonOf(again)}`),
    );
  }
}
