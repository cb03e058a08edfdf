import Database from 'libsql';
import { MemoryStorage, QueueHandle, type Storage } from 'nestjs-background-jobs';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';

const job = {};
const database = new Database(':memory:');

declare const anywhere: QueueHandle;
void anywhere.queue(job, { transaction: 'whatever the storage takes' });

export const inSqlite = new QueueHandle(new SqliteStorage({ database }));
void inSqlite.queue(job, { transaction: database });
void inSqlite.queueAll([job], { transaction: database });
void inSqlite.schedule(job, '1m', { transaction: database });
// @ts-expect-error no database
void inSqlite.queue(job, { transaction: 'begin' });
// @ts-expect-error no database
void inSqlite.queueAll([job], { transaction: {} });

export const inMemory = new QueueHandle(new MemoryStorage());
void inMemory.queue(job, { priority: 1 });
// @ts-expect-error memory can join nothing
void inMemory.queue(job, { transaction: database });
// @ts-expect-error memory can join nothing
void inMemory.schedule(job, '1m', { transaction: {} });

// A handle that says more than is needed goes where any will do.
export const general: readonly QueueHandle[] = [inSqlite, inMemory];
export const storages: readonly Storage[] = [new SqliteStorage({ database }), new MemoryStorage()];

/** As Nest injects it: the type says what is there. */
export class Signup {
  constructor(private readonly jobs: QueueHandle<SqliteStorage>) {}

  signUp(): Promise<unknown> {
    return this.jobs.queue(job, { transaction: database });
  }
}
