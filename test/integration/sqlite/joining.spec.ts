import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { SqliteStorage, type SqliteDatabase } from '../../../lib/drivers/sqlite/index.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

class Mail {
  constructor(readonly to: string) {}
}
defineJob(Mail, { name: 'mail' });

let folder: string;
let database: Database.Database;
let storage: SqliteStorage;
let jobs: QueueHandle<SqliteStorage>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobs-sqlite-'));
  database = new Database(join(folder, 'app.db'));
  database.exec('create table effect (name text)');
  storage = new SqliteStorage({ database, durability: 'normal', clock: new FakeClock() });
  await storage.open();
  jobs = new QueueHandle(storage);
});

afterEach(async () => {
  await storage.close();
  database.close();
  await rm(folder, { recursive: true });
});

describe("a transaction of the application's SQLite database", () => {
  it('may be a synchronous one of the library: the job is written before queue() returns its promise', async () => {
    const queued: Promise<{ id: string }>[] = [];
    const signUp = database.transaction((isRight: boolean) => {
      database.prepare('insert into effect values (?)').run('ada');
      queued.push(jobs.queue(new Mail('ada'), { transaction: database }));
      if (!isRight) throw new Error('no');
    });
    signUp(true);
    expect(() => signUp(false)).toThrow('no');
    const [kept, dropped] = await Promise.all(queued);
    expect((await jobs.info(kept?.id ?? ''))?.state).toBe('ready');
    expect(await jobs.info(dropped?.id ?? '')).toBeUndefined();
    expect(database.prepare('select count(*) as effects from effect').all()).toEqual([{ effects: 1 }]);
  });

  it('gets none of the jobs of a push that failed, though it goes on and commits', async () => {
    const broken = { ...newJob('b'), payload: null } as unknown as NewJob;
    database.exec('begin');
    await expect(storage.push([newJob('a'), broken], database)).rejects.toThrow(/NOT NULL/i);
    await storage.push([newJob('c')], database);
    database.exec('commit');
    expect((await storage.info(['a', 'b', 'c'])).map((record) => record?.state)).toEqual([
      ...[undefined, undefined, 'ready'],
    ]);
  });

  it('is that of the very database that the storage has, and of no other', async () => {
    const other = new Database(join(folder, 'other.db'));
    try {
      database.exec('begin');
      other.exec('begin');
      for (const value of [other, {}, 'begin'] as SqliteDatabase[]) {
        await expect(storage.push([newJob('a')], value)).rejects.toMatchObject({
          code: 'INVALID_TRANSACTION',
        });
      }
      database.exec('commit');
      expect(await storage.info(['a'])).toEqual([undefined]);
    } finally {
      other.close();
    }
  });

  it('is noticed where the library does not tell of it', async () => {
    const silent: SqliteDatabase = {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => database.prepare(sql),
      close: () => {},
    };
    const another = new SqliteStorage({ database: silent, durability: 'normal' });
    await another.open();
    await expect(another.push([newJob('a')], silent)).rejects.toMatchObject({ code: 'INVALID_TRANSACTION' });
    database.exec('begin');
    await another.push([newJob('b')], silent);
    database.exec('rollback');
    expect(await another.info(['a', 'b'])).toEqual([undefined, undefined]);
    await another.close();
  });

  it('that was rolled back unseen leaves nothing behind that a reader would believe', async () => {
    const rival = new SqliteStorage({ path: join(folder, 'app.db'), driver: 'libsql', durability: 'normal' });
    await rival.open();
    database.exec('begin');
    await storage.push([newJob('a', 'dropped')], database);
    // A turn goes by, and the clock stands still: nobody looks any more whether it has ended.
    await new Promise((resolve) => setImmediate(resolve));
    database.exec('rollback');
    await rival.push([newJob('b', 'kept')]);
    const request = { runner: 'r', lease: 1_000, names: ['kept'], queues: [{ queue: 'q', limit: 1 }] };
    expect((await storage.pop(request)).jobs).toMatchObject([{ id: 'b', name: 'kept' }]);
    await rival.close();
  });

  it('that was rolled back unseen leaves nothing behind that a writer would believe', async () => {
    database.exec('begin');
    await storage.push([newJob('a', 'kept')], database);
    await new Promise((resolve) => setImmediate(resolve));
    database.exec('rollback');
    await storage.push([newJob('b', 'kept')]);
    const request = { runner: 'r', lease: 1_000, names: ['kept'], queues: [{ queue: 'q', limit: 2 }] };
    expect((await storage.pop(request)).jobs).toMatchObject([{ id: 'b', name: 'kept' }]);
  });

  it('that follows in the same turn on one that was rolled back believes nothing of it', async () => {
    const pushed = ['a', 'b'].map((id) => {
      database.exec('begin');
      const promise = storage.push([newJob(id, 'kept')], database);
      database.exec(id === 'a' ? 'rollback' : 'commit');
      return promise;
    });
    await Promise.all(pushed);
    const request = { runner: 'r', lease: 1_000, names: ['kept'], queues: [{ queue: 'q', limit: 2 }] };
    expect((await storage.pop(request)).jobs).toMatchObject([{ id: 'b', name: 'kept' }]);
  });

  it('cannot be joined by a storage that opened its own file, which says what to do', async () => {
    const own = new SqliteStorage({ path: join(folder, 'own.db'), driver: 'libsql' });
    await own.open();
    expect([own.capabilities.transactions, storage.capabilities.transactions]).toEqual([false, true]);
    await expect(own.push([newJob('a')], database)).rejects.toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('{ database }') }),
    );
    await own.close();
  });
});

function newJob(id: string, name = 'n'): NewJob {
  return { id, name, queue: 'q', payload: '{}', policy: '{}', priority: 0, due: { in: 0 } };
}
