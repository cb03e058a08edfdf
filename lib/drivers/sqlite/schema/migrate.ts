import { StorageOpenError, StorageVersionError } from '../../../core/errors.js';
import { MIGRATIONS } from './schema.js';
import { rollBack, type SqliteDatabase } from '../connection/sqlite-client.js';

const VERSION = `select value from jobs_schema where name = 'version'`;

/**
 * Brings the schema up to date. The version is read and written under the write lock, so that of any number of
 * processes that start at once one migrates and the others find it done. Throws when the file is newer than this
 * library, and SQLITE_BUSY when another process is at it.
 */
export function migrate(database: SqliteDatabase, file: string): void {
  if (ours(file, () => versionOf(database)) === MIGRATIONS.length) return;
  database.exec('begin immediate');
  try {
    database.exec(
      'create table if not exists jobs_schema (name text primary key, value integer not null) strict',
    );
    const version = versionOf(database) ?? 0;
    if (version > MIGRATIONS.length) {
      throw new StorageVersionError(
        `${file} has schema version ${version}, and this version of the library knows ${MIGRATIONS.length}. Upgrade it`,
      );
    }
    for (const step of MIGRATIONS.slice(version)) ours(file, () => database.exec(step));
    database.exec(`insert or replace into jobs_schema values ('version', ${MIGRATIONS.length})`);
    database.exec('commit');
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function versionOf(database: SqliteDatabase): number | undefined {
  const [table] = database.prepare(`select 1 from sqlite_master where name = 'jobs_schema'`).all();
  if (table === undefined) return undefined;
  const [row] = database.prepare(VERSION).all() as { value: number }[];
  return row?.value;
}

/** Names of ours in the file may be somebody else's: then they are not touched. */
function ours<Result>(file: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (!/already exists|no such column/.test((error as Error).message)) throw error;
    throw new StorageOpenError(`${file} has a table of somebody else's: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
