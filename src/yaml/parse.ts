import * as v from 'valibot';
import { LineCounter, isPair, isScalar, parseDocument, visit, type Document } from 'yaml';
import { MAX_NESTING, tooDeepAt } from './nesting.js';

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
const MAX_DOCUMENT_CHARACTERS = 64 * 1024;

/** An empty text counts as an empty map. The yaml package bounds how far aliases expand. */
export function parseYaml<S extends v.GenericSchema>(schema: S, text: string): Parsed<v.InferOutput<S>> {
  const beyond = beyondLimits(text);
  if (beyond) return { ok: false, complaints: [beyond] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) return { ok: false, complaints: syntaxComplaints(document, lines) };
  const aliases = aliasComplaints(document, lines);
  if (aliases.length > 0) return { ok: false, complaints: aliases };
  const result = v.safeParse(schema, plain(document) ?? {});
  if (result.success) return { ok: true, value: result.output };
  return { ok: false, complaints: result.issues.map((issue) => complaintOf(issue, document, lines)) };
}

function beyondLimits(text: string): Complaint | undefined {
  if (text.length > MAX_DOCUMENT_CHARACTERS) {
    return { key: '(document)', line: 1, text: `longer than ${MAX_DOCUMENT_CHARACTERS} characters` };
  }
  const line = tooDeepAt(text);
  return line === undefined
    ? undefined
    : { key: '(document)', line, text: `more than ${MAX_NESTING} levels deep` };
}

/** A text as the value that it is in YAML; a text that is no YAML is itself. */
export function parseScalar(text: string): unknown {
  if (beyondLimits(text)) return text;
  const document = parseDocument(text);
  const broken = document.errors.length > 0 || aliasComplaints(document, new LineCounter()).length > 0;
  return broken ? text : plain(document);
}

function plain(document: Document): unknown {
  return document.toJS() as unknown;
}

/** Only the first: what follows is often its consequence, and there may be hundreds. */
function syntaxComplaints(document: Document, lines: LineCounter): readonly Complaint[] {
  return document.errors.slice(0, 1).map((error) => ({
    key: '(syntax)',
    line: lines.linePos(error.pos[0]).line,
    text: error.message,
  }));
}

/** Aliases are resolved when a document becomes a value, which fails for one with no anchor, and for too many. */
function aliasComplaints(document: Document, lines: LineCounter): readonly Complaint[] {
  const aliases: Complaint[] = [];
  visit(document, {
    Alias(_, alias, above) {
      const key = above.flatMap((node) =>
        isPair(node) && isScalar(node.key) ? [String(node.key.value)] : [],
      );
      const at = { key: key.join('.') || '(document)', line: lines.linePos(startOf(alias) ?? 0).line };
      if (!alias.resolve(document)) aliases.push({ ...at, text: `nothing above is called &${alias.source}` });
    },
  });
  if (aliases.length > 0) return aliases;
  try {
    plain(document);
    return [];
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return [
      { key: '(document)', line: 1, text: 'its aliases (*name) expand to more than any document needs' },
    ];
  }
}

function complaintOf(issue: v.BaseIssue<unknown>, document: Document, lines: LineCounter): Complaint {
  const path = (issue.path ?? []).map((item) => item.key);
  return {
    key: path.join('.') || '(document)',
    line: lineOf(path, document, lines),
    text: sentenceOf(issue),
  };
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

/** The library's words for the two mistakes that people make most are its own jargon. */
function sentenceOf({ expected, message, received }: v.BaseIssue<unknown>): string {
  if (expected === 'never') return 'there is no such key';
  return received === 'undefined' ? 'is missing' : message;
}
