import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  InvalidOptionError,
  StorageClosedError,
  StorageOpenError,
  StorageVersionError,
} from '../../../lib/core/errors.js';
import {
  SqliteStorage,
  type SqliteDatabase,
  type SqliteStorageOptions,
} from '../../../lib/drivers/sqlite/index.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('a file that cannot be opened', () => {
  it('is refused with its path and what to do when the directory is missing', async () => {
    await expect(refusal(files.path('missing/jobs.db'))).resolves.toMatch(/directory must exist/);
  });

  it.each([':memory:', 'file:jobs.db'])('is refused when the path is %s, which names no file', (path) => {
    expect(() => files.storage({ path })).toThrow(InvalidOptionError);
  });

  it('is refused with its path when a file stands where a directory should', async () => {
    await writeFile(files.path('file'), 'a note');
    await expect(refusal(files.path('file/jobs.db'))).resolves.toMatch(/directory must exist/);
  });

  it('is refused with its path when it is a directory', async () => {
    await mkdir(files.path());
    await expect(refusal(files.path())).resolves.toMatch(/cannot be opened/);
  });

  it('is refused with its path, and left as it is, when it is not a database', async () => {
    const text = 'A letter, and no database. '.repeat(100);
    await writeFile(files.path(), text);
    await expect(refusal(files.path())).resolves.toMatch(/is not a SQLite database/);
    await expect(readFile(files.path(), 'utf8')).resolves.toBe(text);
  });

  it.each(['jobs_job', 'jobs_content', 'jobs_pulse', 'jobs_schema'])(
    'is refused with its path, and left as it is, when %s is a table of somebody else',
    async (table) => {
      const database = await files.database();
      database.exec(`create table ${table} (colour text); insert into ${table} values ('red')`);
      await expect(refusal(files.path())).resolves.toMatch(/somebody else/);
      expect(tablesOf(database)).toEqual([table]);
      expect(database.prepare(`select colour from ${table}`).all()).toEqual([{ colour: 'red' }]);
    },
  );

  it('may be tried again with the same storage', async () => {
    const storage = files.storage({ path: files.path('missing/jobs.db') });
    await expect(storage.open()).rejects.toThrow(StorageOpenError);
    await mkdir(files.path('missing'));
    await storage.open();
    await expect(storage.push([jobOf()])).resolves.toMatchObject([{ duplicate: false }]);
  });

  it('may be tried again when somebody else had a table of our name', async () => {
    const database = await files.database();
    database.exec('create table jobs_job (colour text)');
    const storage = files.storage({ database });
    await expect(storage.open()).rejects.toThrow(StorageOpenError);
    database.exec('drop table jobs_job');
    await storage.open();
    await expect(storage.push([jobOf()])).resolves.toMatchObject([{ duplicate: false }]);
  });

  async function refusal(path: string): Promise<string> {
    const error: unknown = await files
      .storage({ path })
      .open()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageOpenError);
    expect((error as Error).message).toContain(path);
    return (error as Error).message;
  }
});

describe('a file of another version of the library', () => {
  it('is refused, and left as it is, when it is newer', async () => {
    const database = await files.database();
    await files.storage({ database }).open();
    database.exec(`update jobs_schema set value = 1000 where name = 'version'`);
    const storage = files.storage({ path: files.path() });
    await expect(storage.open()).rejects.toThrow(StorageVersionError);
    await expect(storage.open()).rejects.toThrow(/schema version 1000.*Upgrade it/);
    expect(database.prepare('select value from jobs_schema').all()).toEqual([{ value: 1000 }]);
  });
});

describe('options', () => {
  it('that nobody knows are refused, with the name that was meant', () => {
    const misspelt = { path: files.path(), durabilty: 'full' } as SqliteStorageOptions;
    expect(() => new SqliteStorage(misspelt)).toThrow(InvalidOptionError);
    expect(() => new SqliteStorage(misspelt)).toThrow(`Did you mean 'durability'?`);
  });

  it('that name both a path and a database, or neither, are refused', async () => {
    const both: object = { path: files.path(), database: await files.database() };
    for (const options of [both, {}]) {
      expect(() => new SqliteStorage(options as SqliteStorageOptions)).toThrow(InvalidOptionError);
      expect(() => new SqliteStorage(options as SqliteStorageOptions)).toThrow(/either path or database/);
    }
  });

  it('with an empty path or an unknown durability are refused', () => {
    expect(() => new SqliteStorage({ path: '' })).toThrow(/path must be the name of a file/);
    const lax = { path: files.path(), durability: 'off' } as unknown as SqliteStorageOptions;
    expect(() => new SqliteStorage(lax)).toThrow(/durability 'off' is neither/);
  });
});

describe('durability', () => {
  it.each([
    { durability: 'full', synchronous: 2 },
    { durability: 'normal', synchronous: 1 },
  ] as const)('$durability is set on the first open and on the next', async ({ durability, synchronous }) => {
    for (const _ of ['first', 'second']) {
      const database = await files.database();
      // Whatever the connection came with must not stand.
      database.exec('pragma synchronous = off');
      await files.storage({ database, durability }).open();
      expect(database.prepare('pragma synchronous').all()).toEqual([{ synchronous }]);
      expect(database.prepare('pragma journal_mode').all()).toEqual([{ journal_mode: 'wal' }]);
    }
  });

  it('is full where nothing is said', async () => {
    const database = await files.database();
    database.exec('pragma synchronous = off');
    await files.storage({ database }).open();
    expect(database.prepare('pragma synchronous').all()).toEqual([{ synchronous: 2 }]);
  });
});

describe('close', () => {
  it('leaves the database of the application open', async () => {
    const database = await files.database();
    const storage = files.storage({ database });
    await storage.open();
    await storage.push([jobOf()]);
    await storage.close();
    expect(database.prepare('select count(*) as jobs from jobs_job').all()).toEqual([{ jobs: 1 }]);
  });

  it('leaves nothing to be called, until the storage is opened again', async () => {
    const storage = files.storage({ path: files.path() });
    await storage.open();
    await storage.close();
    await expect(storage.push([jobOf()])).rejects.toThrow(StorageClosedError);
    await expect(storage.info([jobOf().id])).rejects.toThrow(StorageClosedError);
  });

  it('is followed by a second open that finds what was pushed', async () => {
    const storage = files.storage({ path: files.path() });
    const job = jobOf();
    await storage.open();
    await storage.push([job]);
    await storage.close();
    await storage.open();
    await expect(storage.info([job.id])).resolves.toMatchObject([{ id: job.id }]);
  });
});

function tablesOf(database: SqliteDatabase): unknown[] {
  const tables = `select name from sqlite_master where type = 'table' order by name`;
  return (database.prepare(tables).all() as { name: string }[]).map(({ name }) => name);
}
