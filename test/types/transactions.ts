import type { EntityManager as MikroOrmManager } from '@mikro-orm/postgresql';
import type { Types } from '@prisma/client/runtime/client';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Knex } from 'knex';
import type { ControlledTransaction, Kysely, Transaction } from 'kysely';
import Database from 'libsql';
import { MemoryStorage, OutboxStorage, QueueHandle, type Storage } from 'nestjs-background-jobs';
import { PostgresOutbox, PostgresStorage } from 'nestjs-background-jobs/postgres';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import type { Client, Pool, PoolClient } from 'pg';
import type { Sql, TransactionSql } from 'postgres';
import type { EntityManager, QueryRunner } from 'typeorm';

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

const connectionString = 'postgres://localhost/app';
export const inPostgres = new QueueHandle(new PostgresStorage({ connectionString }));
interface Tables {
  readonly orders: { readonly id: number };
}
type OfDrizzle<D extends { transaction(work: never): unknown }> = Parameters<D['transaction']>[0] extends (
  transaction: infer T,
) => unknown
  ? T
  : never;
/** As `prisma generate` writes it, without the models. */
interface PrismaTransactionClient {
  $queryRawUnsafe<T = unknown>(query: string, ...values: unknown[]): Types.Public.PrismaPromise<T>;
}
declare const held: {
  readonly pg: Client;
  readonly pooled: PoolClient;
  readonly manager: EntityManager;
  readonly runner: QueryRunner;
  readonly prisma: PrismaTransactionClient;
  readonly drizzle: OfDrizzle<NodePgDatabase>;
  readonly drizzlePostgresJs: OfDrizzle<PostgresJsDatabase>;
  readonly knex: Knex.Transaction;
  readonly kysely: Transaction<Tables>;
  readonly controlled: ControlledTransaction<Tables>;
  readonly mikroOrm: MikroOrmManager;
  readonly postgres: TransactionSql;
};
void inPostgres.queue(job, { transaction: held.pg });
void inPostgres.queue(job, { transaction: held.pooled });
void inPostgres.queue(job, { transaction: held.manager });
void inPostgres.queue(job, { transaction: held.runner });
void inPostgres.queue(job, { transaction: held.prisma });
void inPostgres.queue(job, { transaction: held.drizzle });
void inPostgres.queue(job, { transaction: held.drizzlePostgresJs });
void inPostgres.queue(job, { transaction: held.knex });
void inPostgres.queue(job, { transaction: held.kysely });
void inPostgres.queue(job, { transaction: held.controlled });
void inPostgres.queue(job, { transaction: held.mikroOrm });
void inPostgres.queue(job, { transaction: held.postgres });

declare const outside: {
  readonly pool: Pool;
  readonly drizzle: NodePgDatabase;
  readonly knex: Knex;
  readonly kysely: Kysely<Tables>;
  readonly sql: Sql;
};
// @ts-expect-error a pool is no transaction
void inPostgres.queue(job, { transaction: outside.pool });
// @ts-expect-error a database is no transaction
void inPostgres.queue(job, { transaction: outside.drizzle });
// @ts-expect-error an instance is no transaction
void inPostgres.queue(job, { transaction: outside.knex });
// @ts-expect-error the connections are no transaction
void inPostgres.queue(job, { transaction: outside.sql });
// @ts-expect-error SQLite's
void inPostgres.queue(job, { transaction: database });

export const behindOutbox = new QueueHandle(
  new OutboxStorage({
    storage: new MemoryStorage(),
    outbox: new PostgresOutbox({ connectionString }),
  }),
);
void behindOutbox.queue(job, { transaction: held.manager });
// @ts-expect-error a pool is no transaction
void behindOutbox.queue(job, { transaction: outside.pool });

export const inMemory = new QueueHandle(new MemoryStorage());
void inMemory.queue(job, { priority: 1 });
// Joining none is possible everywhere.
void inMemory.queue(job, { transaction: false });
void inSqlite.queueAll([job], { transaction: false });
void inPostgres.schedule(job, '1m', { transaction: false });
void anywhere.queue(job, { transaction: false });
// @ts-expect-error whichever is around is joined without being asked for
void inPostgres.queue(job, { transaction: true });
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
