import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MemoryStorage } from '../../lib/drivers/memory/memory-storage.js';
import { PostgresStorage } from '../../lib/drivers/postgres/index.js';
import { RedisStorage } from '../../lib/drivers/redis/index.js';
import { SqliteStorage, type SqliteDatabase } from '../../lib/drivers/sqlite/index.js';
import type { Storage } from '../../lib/storage/storage.js';
import { ROOT } from './project.js';

const GUIDE = 'docs/guides/choosing-a-storage.md';

// Constructing opens nothing, so that no server is asked.
const connectionString = 'postgres://127.0.0.1/nowhere';
const database = {} as SqliteDatabase;

/** As the table writes them: whatever changes what a storage can do has a row. */
const STORAGES: Readonly<Record<string, Storage>> = {
  'new MemoryStorage()': new MemoryStorage(),
  'new SqliteStorage({ path })': new SqliteStorage({ path: 'nowhere.db' }),
  'new SqliteStorage({ database })': new SqliteStorage({ database }),
  'new PostgresStorage({ connectionString })': new PostgresStorage({ connectionString }),
  'new PostgresStorage({ connectionString, prepare: false })': new PostgresStorage({
    connectionString,
    prepare: false,
  }),
  'new RedisStorage({ url })': new RedisStorage({ url: 'redis://127.0.0.1' }),
};

it('the guide tells of each storage what its capabilities say', () => {
  expect(tableOf(readFileSync(ROOT + GUIDE, 'utf8'))).toEqual(
    Object.fromEntries(
      Object.entries(STORAGES).map(([label, { capabilities }]) => [label, { ...capabilities }]),
    ),
  );
});

it('each driver has a row', () => {
  const names = new Set(Object.values(STORAGES).map(({ name }) => name));
  expect([...names].toSorted()).toEqual(readdirSync(`${ROOT}lib/drivers`).toSorted());
});

/** What the table below the heading says: label → capability → whether it has it. */
function tableOf(guide: string): Record<string, Record<string, boolean>> {
  const [, section = ''] = guide.split('## What each can do\n');
  const [table = ''] = /^(\|.*\n)+/m.exec(section) ?? [];
  const lines = table.trim().split('\n');
  const [[, ...names] = [], , ...storages] = lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  return Object.fromEntries(
    storages.map(([label = '', ...cells]) => [
      bare(label),
      Object.fromEntries(names.map((name, nth) => [bare(name), meaningOf(cells[nth])])),
    ]),
  );
}

function bare(code: string): string {
  return code.replaceAll('`', '');
}

function meaningOf(cell: string | undefined): boolean {
  if (cell !== 'yes' && cell !== 'no') throw new Error(`'${cell}' is neither yes nor no`);
  return cell === 'yes';
}
