import ts from 'typescript';
import { targetOf } from '../imports.js';
import { nodes, parse, place, sources, type Files, type Violation } from '../tree.js';

/** Whose exports need a reader, and who else may be one. */
const EXPORTERS = ['src', 'columns', 'gatt', 'backend'];
const READERS = [...EXPORTERS, 'test', 'bench'];
/** What a shell starts, over what was compiled. */
const PROGRAM = /^(backend\/)?bin\/[^/]+\.mjs$/;

/** The doors of our own packages. */
const PACKAGES: Readonly<Record<string, string>> = {
  '@perigee/columns': 'columns/index.ts',
  '@perigee/gatt': 'gatt/index.ts',
  'perigee-backend': 'backend/src/index.ts',
};

/** Stands for all the names that a file exports. */
const ALL = '*';

/** What one file takes of another; `onward` for `export *`, which only hands the names on. */
interface Taking {
  readonly taker: string;
  readonly target: string;
  readonly name: string;
  readonly onward: boolean;
}

/**
 * No function, class or value is exported that no other file names. Types may be: whoever calls a function can then
 * name what it takes and gives.
 */
export function everyExportIsImported(files: Files): readonly Violation[] {
  const readers = [...sources(files, ...READERS), ...[...files].filter(([path]) => PROGRAM.test(path))];
  const takings = readers.flatMap(([path, text]) => takingsOf(path, text));
  const isTaken = (path: string, name: string): boolean =>
    takings.some(({ taker, target, name: taken, onward }) => {
      if (target !== path || taker === path) return false;
      return onward ? isTaken(taker, name) : taken === name || taken === ALL;
    });
  return [...sources(files, ...EXPORTERS)].flatMap(([path, text]) =>
    exportsOf(parse(path, text))
      .filter(({ text: name }) => !isTaken(path, name))
      .map((name) => ({ files: [place(name)], text: `exports ${name.text}, which no other file imports` })),
  );
}

function takingsOf(path: string, text: string): readonly Taking[] {
  return [...nodes(parse(path, text))].flatMap((node) => {
    const module = moduleOf(node);
    if (module === undefined || !ts.isStringLiteralLike(module)) return [];
    const target =
      targetOf(path, module.text)?.replace(/^backend\/dist\//, 'backend/src/') ?? PACKAGES[module.text];
    const onward = ts.isExportDeclaration(node) && node.exportClause === undefined;
    return target === undefined ? [] : namesIn(node).map((name) => ({ taker: path, target, name, onward }));
  });
}

/** Of the forms that take names; `import './x.js'` takes none. */
function moduleOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  const loads = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return loads ? node.arguments[0] : undefined;
}

function namesIn(node: ts.Node): readonly string[] {
  if (ts.isImportDeclaration(node) && node.importClause === undefined) return [];
  const named = ts.isImportDeclaration(node)
    ? node.importClause?.namedBindings
    : ts.isExportDeclaration(node)
      ? node.exportClause
      : undefined;
  if (named === undefined || !(ts.isNamedImports(named) || ts.isNamedExports(named))) return [ALL];
  return named.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
}

/** The names that a file itself exports: neither types nor `export *`. */
function exportsOf(source: ts.SourceFile): readonly ts.Identifier[] {
  return source.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause: clause, isTypeOnly } = statement;
      return clause !== undefined && ts.isNamedExports(clause) && !isTypeOnly
        ? clause.elements
            .filter((element) => !element.isTypeOnly)
            .map(({ name }) => name)
            .filter(ts.isIdentifier)
        : [];
    }
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return [];
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    return exported ? declaredIn(statement) : [];
  });
}

function declaredIn(statement: ts.Statement): readonly ts.Identifier[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name).filter(ts.isIdentifier);
  }
  const { name } = statement as ts.DeclarationStatement;
  return name !== undefined && ts.isIdentifier(name) ? [name] : [];
}
