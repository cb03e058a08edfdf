import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One TypeScript file of the project. `path` is from the root, with slashes: `lib/core/job.ts`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The TypeScript files below a folder of the root; what is built or installed does not count. */
export function sourcesIn(folder: string): SourceFile[] {
  return filesIn(folder, '.ts').map((path) => parse(path, readFileSync(ROOT + path, 'utf8')));
}

/** The library. An empty list would let every rule pass. */
export function library(): SourceFile[] {
  const files = sourcesIn('lib');
  if (files.length === 0) throw new Error('lib/ has no source files');
  return files;
}

export function parse(path: string, text: string): SourceFile {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/').slice(ROOT.length))
    .filter((path) => !/(^|\/)(dist|node_modules|fixtures)\//.test(path))
    .toSorted();
}

/** Every node of a file that `find` has a word for, as `path:line word`: so that a failure is a list of places. */
export function findings(file: SourceFile, find: (node: ts.Node) => string | undefined): string[] {
  const found: string[] = [];
  visit(file.tree);
  return found;

  function visit(node: ts.Node): void {
    const word = find(node);
    if (word !== undefined) {
      const { line } = file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree));
      found.push(`${file.path}:${line + 1} ${word}`);
    }
    ts.forEachChild(node, visit);
  }
}

/** The files that `package.json` exports, as sources: `lib/index.ts`, `lib/standalone.ts`, … */
export function entryPoints(): string[] {
  const { exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  return Object.values<{ default?: string }>(exports).flatMap(({ default: file }) =>
    file === undefined ? [] : file.replace('./dist/', 'lib/').replace(/js$/, 'ts'),
  );
}
