import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDriver, openDatabase } from '../../lib/drivers/sqlite/connection/open-database.js';
import { SqliteStorage, type SqliteDatabase, type SqliteDriver } from '../../lib/drivers/sqlite/index.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import type { StorageUnderTest } from '../../lib/testing/contract/storage-under-test.js';
import type { StorageRow } from './storages.js';

const DRIVER = process.env['SQLITE_DRIVER'] as SqliteDriver | undefined;
/** A folder with the driver in its node_modules, for drivers that this repository does not depend on. */
const DRIVER_PATH = process.env['SQLITE_DRIVER_PATH'];

const problem = await findProblem();

const availability = problem === undefined ? {} : { unavailable: problem };

/** A file that the storage opens; a driver from elsewhere is opened by the application, and lent. */
export const sqlite: StorageRow = {
  name: 'sqlite',
  ...availability,
  create: DRIVER_PATH === undefined ? onOwnFile : onLentDatabase,
};

/** On a database that the application opened, whose transactions can be joined. */
export const sqliteLent: StorageRow = { name: 'sqlite-lent', ...availability, create: onLentDatabase };

// Without flushes: what is tested is what is written, and the disk of a test machine is slow.
const durability = 'normal';

async function onOwnFile(clock = new FakeClock()): Promise<StorageUnderTest> {
  const { path, remove } = await temporaryFile();
  const driver = DRIVER === undefined ? {} : { driver: DRIVER };
  return {
    clock,
    create: () => new SqliteStorage({ clock, durability, path, ...driver }),
    advance: (milliseconds) => clock.advance(milliseconds),
    dispose: remove,
  };
}

async function onLentDatabase(clock = new FakeClock()): Promise<StorageUnderTest> {
  const { path, remove } = await temporaryFile();
  const open = await opener();
  const opened: SqliteDatabase[] = [];
  return {
    clock,
    create() {
      const database = open(path);
      opened.push(database);
      return new SqliteStorage({ clock, durability, database });
    },
    advance: (milliseconds) => clock.advance(milliseconds),
    async transaction() {
      const [handle] = opened;
      handle?.exec('begin immediate');
      const end = async (how: string) => void handle?.exec(how);
      return { handle, commit: () => end('commit'), rollback: () => end('rollback') };
    },
    async dispose() {
      for (const database of opened) database.close();
      await remove();
    },
  };
}

async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), 'jobs-sqlite-'));
  return { path: join(folder, 'jobs.db'), remove: () => rm(folder, { recursive: true }) };
}

async function opener(): Promise<(path: string) => SqliteDatabase> {
  return DRIVER_PATH === undefined ? loadDriver(DRIVER === undefined ? undefined : [DRIVER]) : load;
}

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

function load(path: string): SqliteDatabase {
  const require = createRequire(join(DRIVER_PATH ?? '', 'package.json'));
  const Database = require(DRIVER ?? 'better-sqlite3') as new (path: string) => SqliteDatabase;
  return new Database(path);
}
