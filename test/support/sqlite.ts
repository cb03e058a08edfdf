import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStorage, type SqliteDatabase, type SqliteDriver } from '../../lib/drivers/sqlite/index.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import type { StorageRow } from './storages.js';

const DRIVER = process.env['SQLITE_DRIVER'] as SqliteDriver | undefined;
/** A folder with the driver in its node_modules, for drivers that this repository does not depend on. */
const DRIVER_PATH = process.env['SQLITE_DRIVER_PATH'];

export const sqlite: StorageRow = {
  name: 'sqlite',
  async create(clock = new FakeClock()) {
    const folder = await mkdtemp(join(tmpdir(), 'jobs-sqlite-'));
    const path = join(folder, 'jobs.db');
    const opened: SqliteDatabase[] = [];
    return {
      clock,
      create: () => storageOn(path, clock, opened),
      advance: (milliseconds) => clock.advance(milliseconds),
      dispose: async () => {
        for (const database of opened) database.close();
        await rm(folder, { recursive: true });
      },
    };
  },
};

// Without flushes: what is tested is what is written, and the disk of a test machine is slow.
function storageOn(path: string, clock: FakeClock, opened: SqliteDatabase[]): SqliteStorage {
  const options = { clock, durability: 'normal' } as const;
  if (DRIVER_PATH === undefined)
    return new SqliteStorage({ ...options, path, ...(DRIVER && { driver: DRIVER }) });
  const load = createRequire(join(DRIVER_PATH, 'package.json'));
  const Database = load(DRIVER ?? 'better-sqlite3') as new (path: string) => SqliteDatabase;
  const database = new Database(path);
  opened.push(database);
  return new SqliteStorage({ ...options, database });
}
