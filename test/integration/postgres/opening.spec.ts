import { describe, expect, it } from 'vitest';
import {
  InvalidOptionError,
  StorageOpenError,
  StorageUnavailableError,
  StorageVersionError,
} from '../../../lib/core/errors.js';
import { PostgresStorage, type PostgresStorageOptions } from '../../../lib/drivers/postgres/index.js';
import { configOf } from '../../../lib/drivers/postgres/postgres-options.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';
import { admin, POSTGRES_URL } from '../../support/postgres.js';
import { rowsOf, temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

describe('a schema that is not there', () => {
  it('is made once by ten that open it at the same time', async () => {
    for (let round = 0; round < 3; round += 1) {
      const schema = schemas.name();
      const storages = Array.from({ length: 10 }, () => schemas.storage({ schema }));
      await Promise.all(storages.map((storage) => (round === 1 ? storage.migrate() : storage.open())));
      await Promise.all(storages.map((storage) => storage.open()));
      await storages[0]?.push([jobOf()]);
      expect(await storages[9]?.stats()).toMatchObject([{ ready: 1 }]);
      await Promise.all(storages.map((storage) => storage.close()));
    }
  });

  it.each([`it's "quoted"; drop schema public; --`, 'Jobs', 'select', '🎉 mañana', '{tag} $1 ?'])(
    'may be named %s',
    async (name) => {
      const schema = schemas.name(name + process.pid);
      const storage = schemas.storage({ schema });
      await storage.open();
      const job = jobOf();
      await storage.push([job]);
      const { jobs } = await storage.pop({
        ...{ runner: 'r', lease: 1000, names: [job.name], queues: [{ queue: job.queue, limit: 1 }] },
      });
      expect(jobs).toMatchObject([{ id: job.id }]);
      const tables = await rowsOf(`select 1 from pg_tables where schemaname = $1 and tablename = 'job'`, [
        schema,
      ]);
      expect(tables).toHaveLength(1);
    },
  );

  it('is refused where opening must not migrate, until what migrationSql gives was run', async () => {
    const storage = schemas.storage({ migrate: false });
    await expect(storage.open()).rejects.toThrow(StorageVersionError);
    await expect(storage.open()).rejects.toThrow(/has version none.*migrate\(\).*migrationSql\(\)/);
    await admin.query(storage.migrationSql());
    await storage.open();
    await expect(storage.push([jobOf()])).resolves.toMatchObject([{ duplicate: false }]);
    expect(storage.migrationSql(1)).toBe('');
  });
});

describe('a schema that cannot be used', () => {
  it('is refused, and left as it is, when it is newer', async () => {
    const schema = schemas.name();
    await schemas.storage({ schema }).migrate();
    await admin.query(`update "${schema}".schema_version set version = 1000`);
    for (const storage of [schemas.storage({ schema }), schemas.storage({ schema, migrate: false })]) {
      await expect(storage.open()).rejects.toThrow(StorageVersionError);
      await expect(storage.open()).rejects.toThrow(`"${schema}" has version 1000`);
    }
    expect(await rowsOf(`select version from "${schema}".schema_version`)).toEqual([{ version: 1000 }]);
  });

  it.each(['job', 'lane', 'schema_version'])(
    'is refused, and left as it is, when %s is a table of somebody else, and may be tried again',
    async (table) => {
      const schema = schemas.name();
      await admin.query(`create schema "${schema}"; create table "${schema}".${table} (colour text)`);
      const storage = schemas.storage({ schema });
      await expect(storage.open()).rejects.toThrow(StorageOpenError);
      const tables = await rowsOf(`select tablename from pg_tables where schemaname = $1`, [schema]);
      expect(tables).toEqual([{ tablename: table }]);
      await admin.query(`drop table "${schema}".${table}`);
      await storage.open();
    },
  );

  it('is refused with what to do when the database, the user or the server is not there', async () => {
    const at = (change: (url: URL) => void) => {
      const url = new URL(POSTGRES_URL);
      change(url);
      return new PostgresStorage({ connectionString: url.href });
    };
    await expect(at((url) => (url.pathname = '/no_such_database')).open()).rejects.toThrow(StorageOpenError);
    await expect(at((url) => (url.port = '1')).open()).rejects.toThrow(StorageUnavailableError);
  });
});

describe('options', () => {
  it('that make no sense are refused, and constructing opens nothing', () => {
    const refused: object[] = [
      {},
      { connectionString: '', pool: {} },
      { connectionString: '' },
      { pool: null },
      { connectionString: 'x', schema: '' },
      { connectionString: 'x', schema: 'pg_jobs' },
      { connectionString: 'x', schema: 'ü'.repeat(32) },
      { connectionString: 'x', schema: 'a\0' },
      { connectionString: 'x', connections: 0 },
    ];
    for (const options of refused) {
      expect(() => new PostgresStorage(options as PostgresStorageOptions), JSON.stringify(options)).toThrow(
        InvalidOptionError,
      );
    }
    const misspelt = { connectionString: 'x', shema: 'y' } as PostgresStorageOptions;
    expect(() => new PostgresStorage(misspelt)).toThrow(`Did you mean 'schema'?`);
    expect(new PostgresStorage({ connectionString: 'postgres://127.0.0.1:1/x' }).name).toBe('postgres');
  });
});

describe('close', () => {
  it('leaves the pool of the application open, and none of our own connections', async () => {
    const name = `jobs_close_${process.pid}`;
    const pool = schemas.pool({ application_name: name });
    const storage = schemas.storageOfPool(pool);
    storage.subscribe(() => {});
    await storage.open();
    await storage.push([jobOf()]);
    await storage.stats();
    await storage.close();
    await expect(pool.query('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
    const left = () => rowsOf(`select 1 from pg_stat_activity where application_name = $1`, [name]);
    await expect.poll(async () => (await left()).length).toBe(1);
  });
});

it('the settings of a pool are used whole, and its password, which it hides from being listed', () => {
  const pool = schemas.pool({ host: 'a', password: 'secret', ssl: { ca: 'b' }, max: 2 });
  expect(configOf({ pool })).toMatchObject({ host: 'a', password: 'secret', ssl: { ca: 'b' } });
  expect(configOf({ pool })).not.toHaveProperty('max');
});
