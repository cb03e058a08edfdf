import ts from 'typescript';
import { expect, it } from 'vitest';
import { findings, library, parse, type SourceFile } from './project.js';

it('lib/ is written without the things that hide others', () => {
  expect(library().flatMap(banned)).toEqual([]);
});

it('leaves no work for later in a comment', () => {
  expect(library().flatMap(laters)).toEqual([]);
});

it('notices each of them', () => {
  const planted = [
    `export * from './job.js';`,
    `export * as jobs from './job.js';`,
    'export default 1;',
    'export default class X {}',
    'let x: any;',
    'x!.y;',
    'class X { y!: string }',
    'enum X { a }',
    'namespace X {}',
  ];
  for (const line of planted) expect(banned(parse('lib/planted.ts', line)), line).toHaveLength(1);
  expect(banned(parse('lib/planted.ts', `export { x } from './x.js'; declare module 'y' {}`))).toEqual([]);
  expect(laters(parse('lib/planted.ts', '\n// TODO: later'))).toEqual(['lib/planted.ts:2 // TODO: later']);
});

function banned(file: SourceFile): string[] {
  return findings(file, (node) => {
    if (ts.isExportDeclaration(node) && (!node.exportClause || ts.isNamespaceExport(node.exportClause))) {
      return 'export *';
    }
    if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword) {
      return ts.isDefaultClause(node.parent) ? undefined : 'default export';
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any';
    if (ts.isNonNullExpression(node)) return '! (non-null)';
    if (ts.isPropertyDeclaration(node) && node.exclamationToken) return '! (definite)';
    if (ts.isEnumDeclaration(node)) return 'enum';
    return ts.isModuleDeclaration(node) && ts.isIdentifier(node.name) && node.name.text !== 'global'
      ? 'namespace'
      : undefined;
  });
}

function laters({ path, text }: SourceFile): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (/\b(TODO|FIXME)\b/.test(line) ? `${path}:${index + 1} ${line.trim()}` : []));
}
