import { posix } from 'node:path';
import ts from 'typescript';
import { nodes, parse, place } from './tree.js';

export interface Import {
  readonly specifier: string;
  /** Where it is written: "src/a/b.ts:3". */
  readonly place: string;
  /** Gone after compilation. */
  readonly isType: boolean;
}

/** Whatever a file imports, exports from elsewhere, requires, resolves, or names in a type. */
export function importsOf(path: string, text: string): readonly Import[] {
  return [...nodes(parse(path, text))].flatMap((node) => {
    const named = moduleNamedBy(node);
    return named && ts.isStringLiteralLike(named)
      ? [{ specifier: named.text, place: place(node), isType: isOnlyType(node) }]
      : [];
  });
}

function moduleNamedBy(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  return ts.isCallExpression(node) && loadsModules(node.expression) ? node.arguments[0] : undefined;
}

const isOnlyType = (node: ts.Node): boolean =>
  (ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) ||
  (ts.isExportDeclaration(node) && node.isTypeOnly) ||
  ts.isImportTypeNode(node);

/** `import(…)`, `require(…)`, `require.resolve(…)`, `createRequire(…)(…)`, `import.meta.resolve(…)`. */
function loadsModules(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword ||
    /^(require\b|createRequire\(|import\.meta\.resolve)/.test(callee.getText())
  );
}

/** The source file that a relative import means, or undefined for a package. */
export function targetOf(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(importer), specifier).replace(/\.js$/, '.ts');
}

/** "@a/b/c.js" is in package "@a/b"; "node:fs/promises" is "node:fs/promises". */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
