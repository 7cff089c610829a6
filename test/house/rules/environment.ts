import ts from 'typescript';
import { nodes, parse, place, sources, type Files, type Violation } from '../tree.js';

const READERS = /^(src\/config\/|src\/main\.ts$|backend\/src\/main\.ts$)/;

/** The environment is read by the configuration, and passed on as values. */
export function onlyConfigurationReadsTheEnvironment(files: Files): readonly Violation[] {
  return [...sources(files, 'src', 'columns', 'gatt', 'backend')]
    .filter(([path]) => !READERS.test(path))
    .flatMap(([path, text]) => [...nodes(parse(path, text))])
    .filter((node) => readsEnvironment(node))
    .map((node) => ({ files: [place(node)], text: 'reads the environment; src/config does that' }));
}

function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return /^process\??\.env$/.test(node.getText());
  if (ts.isElementAccessExpression(node)) return /^process\[['"]env['"]\]$/.test(node.getText());
  if (ts.isVariableDeclaration(node))
    return node.initializer?.getText() === 'process' && /\benv\b/.test(node.name.getText());
  if (!ts.isImportSpecifier(node)) return false;
  return (
    (node.propertyName ?? node.name).text === 'env' &&
    /['"](node:)?process['"]/.test(node.parent.parent.parent.getText())
  );
}
