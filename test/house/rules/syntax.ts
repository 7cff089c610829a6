import ts from 'typescript';
import { nodes, parse, place, sources, type Files, type Violation } from '../tree.js';

const OURS = ['src', 'columns', 'gatt', 'backend', 'test', 'bench'];

function find(files: Files, text: string, isIt: (node: ts.Node) => boolean): readonly Violation[] {
  return [...sources(files, ...OURS)]
    .flatMap(([path, source]) => [...nodes(parse(path, source))])
    .filter((node) => isIt(node))
    .map((node) => ({ files: [place(node)], text }));
}

/** An import says the name that it means. */
export const noDefaultExports = (files: Files): readonly Violation[] =>
  find(files, 'exports by name only', (node) => {
    if (ts.isExportAssignment(node)) return true;
    if (ts.isExportSpecifier(node)) return node.name.text === 'default';
    return (
      ts.canHaveModifiers(node) &&
      Boolean(ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword))
    );
  });

/** A catch handles, or says why there is nothing to handle. */
export const noEmptyCatch = (files: Files): readonly Violation[] =>
  find(files, 'catches, and neither handles nor says why', (node) => {
    if (ts.isCatchClause(node)) return isBare(node.block);
    if (!ts.isCallExpression(node) || !node.expression.getText().endsWith('.catch')) return false;
    const handler = node.arguments[0];
    return (
      handler !== undefined && ts.isArrowFunction(handler) && ts.isBlock(handler.body) && isBare(handler.body)
    );
  });

const isBare = (block: ts.Block): boolean => /^\{\s*\}$/.test(block.getText());

export const noAny = (files: Files): readonly Violation[] =>
  find(files, 'says any', (node) => node.kind === ts.SyntaxKind.AnyKeyword);
