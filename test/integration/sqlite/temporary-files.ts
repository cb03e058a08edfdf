import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import {
  SqliteStorage,
  type SqliteDatabase,
  type SqliteStorageOptions,
} from '../../../lib/drivers/sqlite/index.js';
import { openDatabase } from '../../../lib/drivers/sqlite/connection/open-database.js';

/** A folder for each test, and what was opened in it; gone once the test has ended. */
export function temporaryFiles() {
  let folder = '';
  const opened: { close(): unknown }[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jobs-sqlite-'));
  });
  afterEach(async () => {
    // Storages before the databases they were given.
    for (const one of opened.splice(0).toReversed()) await one.close();
    await rm(folder, { recursive: true });
  });
  return {
    path: (name = 'jobs.db') => join(folder, name),
    /** A connection of the application's own, with the driver of the storages: two libraries in one process do not see each other's locks. */
    async database(name?: string): Promise<SqliteDatabase> {
      const database = await openDatabase(this.path(name));
      opened.push(database);
      return database;
    },
    /** Not open yet. */
    storage(options: SqliteStorageOptions): SqliteStorage {
      const storage = new SqliteStorage(options);
      opened.push(storage);
      return storage;
    },
  };
}
