// Counts what ran from the events of node:test: leaves only, so that a suite and its tests are not counted twice.
import { resolve } from 'node:path';

/**
 * `files` are those that run; `mayBeEmpty` is for runs by test name, in which most files have nothing to do.
 * Events come file by file, and children come before their parent.
 */
export function createTally(files, { mayBeEmpty }) {
  const fileNames = new Set(files);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const remarks = [];
  let previousNesting = 0;

  const visit = (count) => (event) => {
    const isParent = event.details.type === 'suite' || previousNesting > event.nesting;
    previousNesting = event.nesting;
    count(event, isParent);
  };
  const isFile = ({ name, nesting }) => nesting === 0 && fileNames.has(resolve(name));
  const isSkipped = ({ skip, todo }) => skip !== undefined || todo !== undefined;

  return {
    pass: visit((event, isParent) => {
      if (isSkipped(event)) counts.skipped += 1;
      else if (isParent) return;
      else if (!isFile(event)) counts.passed += 1;
      else if (!mayBeEmpty) {
        // node:test reports a file by name only when nothing in it was reported.
        counts.failed += 1;
        remarks.push(`✖ ${event.name}: holds no test, or ended before its first result`);
      }
    }),
    fail: visit((event) => {
      if (isSkipped(event)) counts.skipped += 1;
      // Else one of its children was counted already; a failing hook or a crash has no such child.
      else if (event.details.error?.failureType !== 'subtestsFailed') counts.failed += 1;
    }),
    end: () => {
      if (counts.skipped > 0) remarks.push(`${counts.skipped} skipped or to do`);
      if (counts.passed + counts.failed > 0) return { ...counts, remarks };
      return { ...counts, failed: 1, remarks: [...remarks, '✖ no test ran'] };
    },
  };
}
