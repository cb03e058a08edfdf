import { readFileSync } from 'node:fs';
import ts from 'typescript';
import type { Block } from './doc-blocks.js';
import { ROOT } from './project.js';

/** Where names come from that a block uses and does not import, the first that has it. */
const SOURCES: readonly string[] = [
  ...entrySpecifiers(),
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/testing',
  `${ROOT}test/support/doc-ambient.js`,
];

/** `true`: the name is a value too, and not only a type. */
type Names = ReadonlyMap<string, boolean>;

/** Files that are on no disk, by their path. */
const modules = new Map<string, string>();
const { options, host } = compilerHost();
const known = exportsOfSources();

/**
 * Type-checks the blocks as their readers would: each is a module, which sees what the blocks before it on its page
 * declare, and the names of `SOURCES`. Returns what the compiler says, as `page:line message`.
 */
export function compileBlocks(blocks: readonly Block[]): string[] {
  const earlier = new Map<string, (readonly [string, Names])[]>();
  const compiled = blocks.map((block) => {
    const before = earlier.get(block.page) ?? [];
    const file = `${ROOT}${block.page.replace(/\.md$/, '')}.block-${before.length}`;
    const { text, names } = asModule(block.code, [...before, ...known]);
    earlier.set(block.page, [[`${file}.js`, names], ...before]);
    modules.set(`${file}.ts`, text);
    return { block, file: `${file}.ts` };
  });
  const program = ts.createProgram(
    compiled.map(({ file }) => file),
    options,
    host,
  );
  return compiled.flatMap(({ block, file }) => problemsOf(program, block, file));
}

function problemsOf(program: ts.Program, block: Block, path: string): string[] {
  const file = program.getSourceFile(path);
  if (file === undefined) throw new Error(`${path} was not compiled`);
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ start = 0, messageText }) => {
      const { line } = file.getLineAndCharacterOfPosition(start);
      return `${block.page}:${block.line + line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    },
  );
}

/** Imports and exports stand behind the code, so that its lines keep their numbers. */
function asModule(code: string, sources: readonly (readonly [string, Names])[]) {
  const tree = ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest, true);
  const declared = declaredNames(tree);
  const imports = [...usedNames(tree)].flatMap((name) => {
    const [specifier, names] = sources.find(([, has]) => has.has(name)) ?? [];
    if (declared.has(name) || specifier === undefined) return [];
    return `import { ${names?.get(name) ? '' : 'type '}${name} } from ${JSON.stringify(specifier)};`;
  });
  const exports = [...declared].flatMap(([name, { isValue, isLocal }]) =>
    isLocal ? `${isValue ? '' : 'type '}${name}` : [],
  );
  const names = new Map([...declared].map(([name, { isValue }]) => [name, isValue]));
  return { text: [code, ...imports, `export { ${exports.join(', ')} };`].join('\n'), names };
}

function usedNames(tree: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  visit(tree);
  return names;

  function visit(node: ts.Node): void {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  }
}

/** What the block declares at the top; `isLocal`: it does not export it itself. */
function declaredNames(tree: ts.SourceFile): Map<string, { isValue: boolean; isLocal: boolean }> {
  const names = new Map<string, { isValue: boolean; isLocal: boolean }>();
  for (const statement of tree.statements) {
    const isLocal = !(
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    );
    const isValue = !(ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement));
    for (const name of namesOf(statement)) names.set(name, { isValue, isLocal });
  }
  return names;
}

function namesOf(node: ts.Node): string[] {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap(namesOf);
  if (ts.isVariableDeclaration(node) || ts.isBindingElement(node)) return bound(node.name);
  if (ts.isImportDeclaration(node)) return importedNames(node.importClause);
  const isNamed =
    ts.isClassDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node);
  return isNamed && node.name ? [node.name.text] : [];
}

function bound(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bound(element.name)));
}

function importedNames(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  const named = bindings === undefined ? [] : ts.isNamedImports(bindings) ? bindings.elements : [bindings];
  return [...(clause?.name ? [clause.name.text] : []), ...named.map(({ name }) => name.text)];
}

function exportsOfSources(): (readonly [string, Names])[] {
  const file = `${ROOT}doc-sources.ts`;
  modules.set(file, SOURCES.map((source) => `import ${JSON.stringify(source)};`).join('\n'));
  const program = ts.createProgram([file], options, host);
  const checker = program.getTypeChecker();
  const statements =
    program.getSourceFile(file)?.statements.filter((one) => ts.isImportDeclaration(one)) ?? [];
  return statements.map((statement) => {
    const symbol = checker.getSymbolAtLocation(statement.moduleSpecifier);
    if (!symbol) throw new Error(`${statement.getText()} is of no module`);
    const names = checker.getExportsOfModule(symbol).map((one) => {
      const actual = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      return [one.name, (actual.flags & ts.SymbolFlags.Value) !== 0] as const;
    });
    return [(statement.moduleSpecifier as ts.StringLiteral).text, new Map(names)] as const;
  });
}

/** The project's own settings. What was parsed once is not parsed again. */
function compilerHost() {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile);
  const settings = ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options;
  const disk = ts.createCompilerHost(settings, true);
  const parsed = new Map<string, ts.SourceFile | undefined>();
  const virtual: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => modules.has(path) || disk.fileExists(path),
    readFile: (path) => modules.get(path) ?? disk.readFile(path),
    getSourceFile(path, target, ...rest) {
      const text = modules.get(path);
      if (text !== undefined) return ts.createSourceFile(path, text, target, true);
      if (!parsed.has(path)) parsed.set(path, disk.getSourceFile(path, target, ...rest));
      return parsed.get(path);
    },
  };
  return { options: settings, host: virtual };
}

function entrySpecifiers(): string[] {
  const { name, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  return Object.entries<{ default?: string }>(exports).flatMap(([subpath, { default: file }]) =>
    file === undefined ? [] : subpath.replace('.', name),
  );
}
