import pg from 'pg';
import { afterEach } from 'vitest';
import { PostgresStorage, type PostgresStorageOptions } from '../../../lib/drivers/postgres/index.js';
import { admin, dropSchema, newSchema, POSTGRES_URL } from '../../support/postgres.js';

type Options = Partial<Omit<PostgresStorageOptions, 'pool' | 'connectionString'>>;

/** Storages on schemas of a test's own, which are closed and dropped after it. `url` and `owner` lead to one database. */
export function temporarySchemas(url = POSTGRES_URL, owner = admin) {
  const storages: PostgresStorage[] = [];
  const schemas = new Set<string>();
  const pools: pg.Pool[] = [];

  afterEach(async () => {
    await Promise.all(storages.splice(0).map((storage) => storage.close()));
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    for (const schema of schemas) await dropSchema(schema, owner);
    schemas.clear();
  });

  const named = (schema = newSchema()) => {
    schemas.add(schema);
    return schema;
  };
  const kept = (storage: PostgresStorage) => {
    storages.push(storage);
    return storage;
  };
  return {
    /** Another name of no schema yet. */
    name: named,
    storage: ({ schema, ...options }: Options = {}) =>
      kept(new PostgresStorage({ connectionString: url, schema: named(schema), ...options })),
    storageOfPool: (pool: pg.Pool, { schema, ...options }: Options = {}) =>
      kept(new PostgresStorage({ pool, schema: named(schema), ...options })),
    pool(config: pg.PoolConfig = {}) {
      const pool = new pg.Pool({ connectionString: url, ...config });
      // Its connections hear of the end of their server while they are just ending.
      pool.on('error', () => {});
      pools.push(pool);
      return pool;
    },
  };
}

export async function rowsOf<Row extends pg.QueryResultRow>(
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return (await admin.query<Row>(text, values)).rows;
}
