import type { Clock } from '../../core/clock.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { ConnectionConfig } from './connection/connections.js';
import type { PostgresPool } from './connection/postgres-client.js';

interface CommonOptions {
  /**
   * The schema that the tables are in, of any name. Each is a storage of its own. @default 'jobs'
   */
  readonly schema?: string;
  /**
   * `true`: opening brings the schema up to date. `false`: opening only checks that it is; `migrate()` or what
   * `migrationSql()` gives must have been run before. @default true
   */
  readonly migrate?: boolean;
  /**
   * `false` behind a pooler that gives a connection for one transaction at a time, such as PgBouncer in transaction
   * mode: statements are not named then, nothing is set on connections, and other processes hear of new jobs by
   * polling alone. @default true
   */
  readonly prepare?: boolean;
  /**
   * The most connections that are held for the jobs of a runner, and as many again for enqueueing and looking. One
   * more is for signals. They are opened when they are needed. @default 2
   */
  readonly connections?: number;
  readonly clock?: Clock;
}

/**
 * Which database, and how it is used. Unknown options and both or neither of `connectionString` and `pool` throw
 * `InvalidOptionError`.
 * @publicApi
 */
export type PostgresStorageOptions = CommonOptions &
  (
    | {
        /** Such as `postgres://user:password@host:5432/database`. */
        readonly connectionString: string;
      }
    | {
        /**
         * The application's own pool of `pg`: its settings are used to make connections of our own, so that handlers
         * that hold all of its connections cannot keep a runner from extending its leases. It is not closed.
         */
        readonly pool: PostgresPool;
      }
  );

const OPTIONS = ['connectionString', 'pool', 'schema', 'migrate', 'prepare', 'connections', 'clock'];
const LONGEST_NAME = 63;

/** Refuses what makes no sense, before anything is opened. */
export function checkOptions(options: PostgresStorageOptions): void {
  checkKnownOptions(options, OPTIONS, 'PostgresStorage');
  if ('connectionString' in options === 'pool' in options) {
    throw new InvalidOptionError('PostgresStorage: give either connectionString or pool');
  }
  if ('connectionString' in options) {
    if (typeof options.connectionString !== 'string' || options.connectionString === '') {
      throw new InvalidOptionError(
        'PostgresStorage: connectionString must be a text such as postgres://host/database',
      );
    }
  } else if (
    typeof options.pool !== 'object' ||
    options.pool === null ||
    typeof options.pool.options !== 'object'
  ) {
    throw new InvalidOptionError('PostgresStorage: pool must be a Pool of the package `pg`');
  }
  checkSchemaName(options.schema ?? 'jobs');
  const { connections = 2 } = options;
  if (!Number.isInteger(connections) || connections < 1) {
    throw new InvalidOptionError(
      `PostgresStorage: connections ${String(connections)} is not a whole number from 1`,
    );
  }
}

/** How to make connections like those of the options. */
export function configOf(options: PostgresStorageOptions): ConnectionConfig {
  if ('connectionString' in options) return { connectionString: options.connectionString };
  return withoutPoolSettings(options.pool.options);
}

// PostgreSQL cuts off what is longer, so that two schemas could be one.
function checkSchemaName(schema: string): void {
  const isName =
    typeof schema === 'string' && schema !== '' && !schema.includes('\0') && schema.isWellFormed();
  if (isName && Buffer.byteLength(schema) <= LONGEST_NAME && !schema.startsWith('pg_')) return;
  throw new InvalidOptionError(
    `PostgresStorage: schema ${JSON.stringify(schema)} is not a name of 1 to ${LONGEST_NAME} bytes without NUL, ` +
      `and not beginning with pg_`,
  );
}

/** What a pool says of itself rather than of its connections. */
function withoutPoolSettings(options: object): ConnectionConfig {
  const {
    max: _max,
    min: _min,
    maxUses: _maxUses,
    log: _log,
    onConnect: _onConnect,
    verify: _verify,
    ...config
  } = {
    ...(options as Record<string, unknown>),
  };
  // The password is hidden from being listed, and would be left behind by the copy.
  const { password, ssl } = options as { password?: unknown; ssl?: unknown };
  return {
    ...config,
    ...(password === undefined ? {} : { password }),
    ...(ssl === undefined ? {} : { ssl }),
  };
}
