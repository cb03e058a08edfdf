import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pack, ROOT, run } from './npm.js';

const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));

let folder = '';
let tarball = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packaging-'));
  tarball = await pack(folder);
  await run(folder, 'tar', '-xzf', tarball);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('publint has nothing to say', async () => {
  const { buffer } = new Uint8Array(await readFile(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

it('what is published is the build and the pages about it', async () => {
  const published = await readdir(join(folder, 'package'));
  expect(published.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
});

it('what is published loads, and type-checks, without any optional peer', async () => {
  const files = await shippedFiles();
  const optional = Object.keys(manifest.peerDependenciesMeta);
  const strays = files.flatMap(({ path, imports }) =>
    imports.filter((name) => optional.includes(name)).map((name) => `${path} imports ${name}`),
  );
  // The model test of the contract is loaded on its own, by those who have fast-check.
  expect(strays.filter((stray) => !/^testing\/contract\/model.* fast-check$/.test(stray))).toEqual([]);
});

it('what is published imports nothing that package.json does not name', async () => {
  const named = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const files = await shippedFiles();
  expect(files.flatMap(({ imports }) => imports).filter((name) => !named.includes(name))).toEqual([]);
});

/** The packages that each shipped file needs as soon as it is loaded. */
async function shippedFiles(): Promise<{ path: string; imports: string[] }[]> {
  const dist = join(folder, 'package/dist');
  const paths = (await readdir(dist, { recursive: true })).filter((path) => /\.(js|d\.ts)$/.test(path));
  expect(paths).not.toEqual([]);
  return Promise.all(
    paths.map(async (path) => ({
      path,
      imports: packagesOf(path, await readFile(join(dist, path), 'utf8')),
    })),
  );
}

function packagesOf(path: string, text: string): string[] {
  const specifiers = path.endsWith('.d.ts')
    ? ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName)
    : ts.createSourceFile(path, text, ts.ScriptTarget.Latest).statements.flatMap(staticImport);
  return specifiers
    .filter((specifier) => !/^(\.|node:)/.test(specifier))
    .map((specifier) => specifier.match(/^(@[^/]+\/)?[^/]+/)?.[0] ?? specifier);
}

function staticImport(statement: ts.Statement): string[] {
  const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
  const specifier = isImport ? statement.moduleSpecifier : undefined;
  return specifier && ts.isStringLiteral(specifier) ? [specifier.text] : [];
}
