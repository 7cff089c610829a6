import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The repository as text: paths from its root, with slashes. */
export type Files = ReadonlyMap<string, string>;

/** `files` names every file that has a part in it, with the line where that helps. */
export interface Violation {
  readonly files: readonly string[];
  readonly text: string;
}

export type Rule = (files: Files) => readonly Violation[];

export const describeViolation = ({ files, text }: Violation): string => `${files.join(' and ')}: ${text}`;

/** From dist/test/house, where this runs. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Made or fetched, not written. */
const NOT_OURS = new Set(['node_modules', 'dist', 'build', 'generated', '.git', 'data']);
const TEXT =
  /\.(ts|tsx|js|mjs|cjs|json|yaml|yml|md|proto|c|h|S|ld|sh|html|css|toml)$|\/?(Makefile|run|\.[a-z-]+)$/;

export function readTree(root: string, below = ''): Files {
  const files = new Map<string, string>();
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = posix.join(below, entry.name);
    if (NOT_OURS.has(entry.name)) continue;
    if (entry.isDirectory()) for (const [name, text] of readTree(root, path)) files.set(name, text);
    else if (entry.isFile() && TEXT.test(path)) files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  return files;
}

/** TypeScript sources at or below any of the folders. */
export function* sources(
  files: Files,
  ...folders: readonly string[]
): Generator<[path: string, text: string]> {
  for (const [path, text] of files) {
    if (path.endsWith('.ts') && folders.some((folder) => path.startsWith(`${folder}/`))) yield [path, text];
  }
}

const parsed = new Map<string, ts.SourceFile>();

export function parse(path: string, text: string): ts.SourceFile {
  const known = parsed.get(path);
  if (known?.text === text) return known;
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  parsed.set(path, source);
  return source;
}

/** Every node of a file, parents first. */
export function* nodes(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodes(child);
}

/** "src/a/b.ts:12" */
export function place(node: ts.Node): string {
  const source = node.getSourceFile();
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
