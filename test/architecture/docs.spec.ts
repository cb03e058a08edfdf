import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { filesIn, findings, library, ROOT, type SourceFile } from './project.js';

const ERRORS = 'docs/reference/errors.md';

it('every error code has its paragraph', () => {
  const paragraphs = existsSync(ROOT + ERRORS) ? readFileSync(ROOT + ERRORS, 'utf8') : '';
  const codes = library().flatMap(errorCodes);
  expect(codes).not.toEqual([]);
  expect(codes.filter((found) => !paragraphs.includes(`\`${found.split(' ')[1]}\``))).toEqual([]);
});

it('every paragraph there is about a code that exists', () => {
  const headings = existsSync(ROOT + ERRORS)
    ? readFileSync(ROOT + ERRORS, 'utf8').match(/^#+ `[A-Z_]+`/gm)
    : [];
  const codes = library()
    .flatMap(errorCodes)
    .map((found) => found.split(' ')[1]);
  expect((headings ?? []).filter((line) => !codes.includes(line.split('`')[1]))).toEqual([]);
});

it('no document names a place on the machine of whoever wrote it', () => {
  const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...pagesOf('docs')];
  expect(pages.flatMap((page) => places(page, readFileSync(ROOT + page, 'utf8')))).toEqual([]);
  expect(places('x.md', 'see /home/me/project and `C:\\Users\\me`')).toHaveLength(2);
});

/** The literal `code` of each error class: `readonly code = 'LEASE_LOST'`. */
function errorCodes(file: SourceFile): string[] {
  return findings(file, (node) =>
    ts.isPropertyDeclaration(node) && node.name.getText() === 'code' && node.initializer
      ? literalOf(node.initializer)
      : undefined,
  );
}

function literalOf(node: ts.Expression): string {
  const bare = ts.isAsExpression(node) ? node.expression : node;
  return ts.isStringLiteral(bare) ? bare.text : `${node.getText()} (a code is a literal)`;
}

function pagesOf(folder: string): string[] {
  return existsSync(ROOT + folder) ? filesIn(folder, '.md') : [];
}

function places(page: string, text: string): string[] {
  const found = text.match(
    /(?<![\w.:/])\/(home|root|Users|work|workspace|builds|mnt)\/[^\s`)]*|\b[A-Z]:\\[^\s`)]*/g,
  );
  return (found ?? []).map((place) => `${page} names ${place}`);
}
