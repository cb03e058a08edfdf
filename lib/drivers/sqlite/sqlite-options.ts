import type { Clock } from '../../core/clock.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { SqliteDatabase, SqliteDriver } from './connection/sqlite-client.js';

/**
 * Which database, and how durable. Unknown options and both or neither of `path` and `database` throw
 * `InvalidOptionError`.
 * @publicApi
 */
export type SqliteStorageOptions = CommonOptions &
  (
    | {
        /** The file; it is made if its directory exists. Several processes of one machine may share it. */
        readonly path: string;
        /** @default the first there is of node:sqlite, better-sqlite3, libsql */
        readonly driver?: SqliteDriver;
      }
    | {
        /** The application's own open database. It is not closed by the storage. */
        readonly database: SqliteDatabase;
      }
  );

interface CommonOptions {
  /**
   * `full`: what was acknowledged survives a power cut. `normal`: it survives a crash of the process, and a power
   * cut may take the last moments; faster where jobs come one by one. @default 'full'
   */
  readonly durability?: 'full' | 'normal';
  readonly clock?: Clock;
}

const OPTIONS = ['path', 'driver', 'database', 'durability', 'clock'];

/** Refuses options that are unknown, missing or contradict one another. */
export function checkOptions(options: SqliteStorageOptions): void {
  checkKnownOptions(options, OPTIONS, 'SqliteStorage');
  if ('path' in options === 'database' in options) {
    throw new InvalidOptionError('SqliteStorage: give either path or database');
  }
  if ('path' in options && (typeof options.path !== 'string' || options.path === '')) {
    throw new InvalidOptionError('SqliteStorage: path must be the name of a file');
  }
  if ('path' in options && (options.path === ':memory:' || options.path.startsWith('file:'))) {
    throw new InvalidOptionError(
      `SqliteStorage: path '${options.path}' is no file name. MemoryStorage keeps jobs in memory`,
    );
  }
  const { durability = 'full' } = options;
  if (durability === 'full' || durability === 'normal') return;
  throw new InvalidOptionError(
    `SqliteStorage: durability '${String(durability)}' is neither 'full' nor 'normal'`,
  );
}
