import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../lib/drivers/sqlite/open-database.js';
import { SqliteStorage, type SqliteDatabase, type SqliteDriver } from '../../lib/drivers/sqlite/index.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import type { StorageRow } from './storages.js';

const DRIVER = process.env['SQLITE_DRIVER'] as SqliteDriver | undefined;
/** A folder with the driver in its node_modules, for drivers that this repository does not depend on. */
const DRIVER_PATH = process.env['SQLITE_DRIVER_PATH'];

const problem = await findProblem();

export const sqlite: StorageRow = {
  name: 'sqlite',
  ...(problem === undefined ? {} : { unavailable: problem }),
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

/** Why no SQLite database can be opened here. */
async function findProblem(): Promise<string | undefined> {
  try {
    const database = DRIVER_PATH === undefined ? await openDatabase(':memory:', DRIVER) : load(':memory:');
    database.close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

// Without flushes: what is tested is what is written, and the disk of a test machine is slow.
function storageOn(path: string, clock: FakeClock, opened: SqliteDatabase[]): SqliteStorage {
  const options = { clock, durability: 'normal' } as const;
  if (DRIVER_PATH === undefined)
    return new SqliteStorage({ ...options, path, ...(DRIVER && { driver: DRIVER }) });
  const database = load(path);
  opened.push(database);
  return new SqliteStorage({ ...options, database });
}

function load(path: string): SqliteDatabase {
  const require = createRequire(join(DRIVER_PATH ?? '', 'package.json'));
  const Database = require(DRIVER ?? 'better-sqlite3') as new (path: string) => SqliteDatabase;
  return new Database(path);
}
