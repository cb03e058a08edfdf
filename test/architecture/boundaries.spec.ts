import { posix } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { library, parse, type SourceFile } from './project.js';

/**
 * Folder or file of lib/ → what it may import besides its own folder: folders of ours, then packages.
 * The longest key that fits counts; a star stands for the rest of one name. This table is the architecture.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'core/duration.ts': ['ms'],
  'core/cron.ts': ['croner'],
  storage: ['core'],
  'drivers/memory': ['core', 'storage'],
  'drivers/sqlite': ['core', 'storage', 'node:', 'better-sqlite3', 'libsql'],
  'drivers/postgres': ['core', 'storage', 'node:', 'pg'],
  'drivers/redis': ['core', 'storage', 'node:', 'ioredis'],
  codec: ['core', 'node:crypto'],
  client: ['core', 'storage'],
  runtime: ['core', 'storage', 'node:'],
  outbox: ['core', 'storage', 'runtime', 'node:'],
  nest: [
    'core',
    'storage',
    'client',
    'runtime',
    'drivers/memory',
    '@nestjs/',
    'reflect-metadata',
    'rxjs',
    'node:async_hooks',
  ],
  'nest/prometheus': ['core', 'storage', 'runtime', '@nestjs/', 'prom-client'],
  'nest/worker-process': ['core', '@nestjs/', 'node:http', 'node:net'],
  'nest/telemetry': ['core', 'storage', 'client', 'runtime', '@nestjs/', '@opentelemetry/api'],
  'nest/logging': ['core', 'runtime', 'nest', '@nestjs/', 'node:util'],
  'nest/discovery/class-validation.ts': ['core', 'class-validator', 'class-transformer'],
  'nest/context/cls-carrier.ts': ['core', 'nestjs-cls'],
  'nest/context/cls-transactions.ts': ['core', 'client', '@nestjs-cls/transactional'],
  'nest/context/trace-carrier.ts': ['core', '@opentelemetry/api'],
  testing: ['core', 'storage', 'client', 'runtime', 'nest', 'drivers/memory', 'node:assert'],
  'testing/contract/model': [
    'core',
    'storage',
    'client',
    'runtime',
    'drivers/memory',
    'node:assert',
    'fast-check',
  ],
  'testing/kit': [
    ...['core', 'storage', 'client', 'runtime', 'nest', 'drivers/memory'],
    ...['node:assert', 'node:async_hooks', 'node:util'],
  ],
  'testing/*.module.ts': ['core', 'storage', 'client', 'runtime', 'nest', 'drivers/memory', '@nestjs/'],
  'standalone.ts': ['core', 'codec', 'storage', 'client', 'runtime', 'outbox', 'drivers/memory'],
  'index.ts': ['core', 'codec', 'storage', 'client', 'runtime', 'outbox', 'nest', 'drivers/memory'],
};

it('every file of lib/ has a row in the table', () => {
  expect(library().filter((file) => rowOf(file) === undefined)).toEqual([]);
});

it('a folder imports only from the folders above it', () => {
  expect(library().flatMap(strays)).toEqual([]);
});

it('notices an import that goes the wrong way, however it is written', () => {
  const planted = [
    `import { x } from '../drivers/memory/memory-storage.js';`,
    `import type { X } from '@nestjs/common';`,
    `export { x } from 'node:fs';`,
    `const x = await import('libsql');`,
    `type X = import('../nest/jobs.module.js').X;`,
  ];
  expect(strays(parse('lib/core/planted.ts', planted.join('\n')))).toHaveLength(planted.length);
  expect(strays(parse('lib/drivers/memory/planted.ts', `import '../sqlite/index.js';`))).toHaveLength(1);
  expect(strays(parse('lib/core/planted.ts', `import ms from 'ms';`))).toHaveLength(1);
  expect(strays(parse('lib/core/duration.ts', `import ms from 'ms';`))).toHaveLength(0);
});

function strays(file: SourceFile): string[] {
  const row = rowOf(file);
  const allowed = row === undefined ? [] : [folderOf(row), ...(MAY_IMPORT[row] ?? [])];
  return ts
    .preProcessFile(file.text, true, true)
    .importedFiles.map(({ fileName }) => ours(file, fileName))
    .filter((target) => !allowed.some((name) => covers(name, target)))
    .map((target) => `${file.path} imports ${target}`);
}

function rowOf({ path }: SourceFile): string | undefined {
  const inside = path.slice('lib/'.length);
  return Object.keys(MAY_IMPORT)
    .filter((key) => covers(key, inside))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** A row for single files lets them import from the folder that the row belongs to. */
function folderOf(row: string): string {
  return Object.keys(MAY_IMPORT).find((key) => row.startsWith(`${key}/`)) ?? row;
}

/** A relative import as the path in lib/ that it names; a package as it is. */
function ours(file: SourceFile, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return posix.relative('lib', posix.join(posix.dirname(file.path), specifier)).replace(/\.js$/, '.ts');
}

function covers(name: string, target: string): boolean {
  if (name.includes('*')) {
    const [before = '', after = ''] = name.split('*');
    const rest = target.slice(before.length);
    return target.startsWith(before) && !rest.includes('/') && rest.endsWith(after);
  }
  return target === name || target.startsWith(/[:/]$/.test(name) ? name : `${name}/`);
}
