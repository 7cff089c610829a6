import * as v from 'valibot';
import { LineCounter, parseDocument, type Document } from 'yaml';

/** One thing that is wrong with a document: "web.port, line 12: expected a whole number". */
export interface Complaint {
  readonly key: string;
  readonly line: number;
  readonly text: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };

/** No configuration or manifest of ours comes near it; a larger text is no document. */
export const MAX_DOCUMENT_BYTES = 64 * 1024;

/** An empty text counts as an empty map. Aliases are limited by the yaml package (no exponential growth). */
export function parseYaml<S extends v.GenericSchema>(schema: S, text: string): Parsed<v.InferOutput<S>> {
  if (text.length > MAX_DOCUMENT_BYTES) {
    const rule = `longer than ${MAX_DOCUMENT_BYTES} characters`;
    return { ok: false, complaints: [{ key: '(document)', line: 1, text: rule }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) return { ok: false, complaints: syntaxComplaints(document, lines) };
  const result = v.safeParse(schema, plain(document));
  if (result.success) return { ok: true, value: result.output };
  return { ok: false, complaints: result.issues.map((issue) => complaintOf(issue, document, lines)) };
}

function plain(document: Document): unknown {
  return (document.toJS() as unknown) ?? {};
}

function syntaxComplaints(document: Document, lines: LineCounter): readonly Complaint[] {
  return document.errors.map((error) => ({
    key: '(syntax)',
    line: lines.linePos(error.pos[0]).line,
    text: error.message,
  }));
}

function complaintOf(issue: v.BaseIssue<unknown>, document: Document, lines: LineCounter): Complaint {
  const path = (issue.path ?? []).map((item) => item.key);
  return { key: path.join('.') || '(document)', line: lineOf(path, document, lines), text: issue.message };
}

/** The line of the deepest node on the path that exists: a missing key is reported at its parent. */
function lineOf(path: readonly unknown[], document: Document, lines: LineCounter): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    const start = startOf(node);
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined;
}
