import ts from 'typescript';
import { expect, it } from 'vitest';
import { entryPoints, library, ROOT } from './project.js';

const { checker, program } = compile();

it.each(entryPoints())('everything that %s exports is described and tagged @publicApi', (entry) => {
  const undescribed = exportsOf(entry).filter((symbol) => !isDescribed(symbol) || !isTagged(symbol));
  expect(undescribed.map((symbol) => `${symbol.name} in ${fileOf(symbol)}`)).toEqual([]);
});

it('everything tagged @publicApi is exported from an entry point', () => {
  const exported = new Set(entryPoints().flatMap(exportsOf));
  const tagged = library()
    .flatMap(({ path }) => exportsOf(path))
    .filter(isTagged);
  const forgotten = tagged.filter((symbol) => !exported.has(symbol));
  expect(forgotten.map((symbol) => `${symbol.name} in ${fileOf(symbol)}`)).toEqual([]);
});

function exportsOf(path: string): ts.Symbol[] {
  const file = program.getSourceFile(ROOT + path);
  const symbol = file && checker.getSymbolAtLocation(file);
  if (!symbol) return [];
  return checker
    .getExportsOfModule(symbol)
    .map((one) => (one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one));
}

function isDescribed(symbol: ts.Symbol): boolean {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';
}

function isTagged(symbol: ts.Symbol): boolean {
  return symbol.getJsDocTags(checker).some(({ name }) => name === 'publicApi');
}

function fileOf(symbol: ts.Symbol): string {
  return symbol.declarations?.[0]?.getSourceFile().fileName.slice(ROOT.length) ?? 'no file';
}

function compile() {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.build.json`, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const compiled = ts.createProgram(fileNames, options);
  return { program: compiled, checker: compiled.getTypeChecker() };
}
