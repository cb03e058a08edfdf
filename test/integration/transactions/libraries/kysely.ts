import {
  CamelCasePlugin,
  CompiledQuery,
  Kysely,
  PostgresDialect,
  sql,
  type ControlledTransaction,
  type Transaction,
} from 'kysely';
import { Pool } from 'pg';
import type { Library } from './library.js';

interface Database {
  readonly effect: { readonly name: string };
}

export const kysely: Library = {
  name: 'Kysely',
  async connect(url) {
    const instance = open(url);
    return {
      transaction: (work) => instance.transaction().execute(work),
      async nested(held, work) {
        const transaction = held as Transaction<Database>;
        await sql`savepoint inner_one`.execute(transaction);
        try {
          await work(transaction);
        } catch (error) {
          await sql`rollback to savepoint inner_one`.execute(transaction);
          throw error;
        }
      },
      run: (held, text) => (held as Transaction<Database>).executeQuery(CompiledQuery.raw(text)),
      outside: { 'a Kysely instance': instance },
      close: () => instance.destroy(),
    };
  },
};

export const kyselyControlled: Library = {
  name: 'Kysely, ControlledTransaction',
  async connect(url) {
    const instance = open(url);
    return {
      async transaction(work) {
        const transaction = await instance.startTransaction().execute();
        try {
          await work(transaction);
          await transaction.commit().execute();
        } catch (error) {
          await transaction.rollback().execute();
          throw error;
        }
      },
      async nested(held, work) {
        const transaction = await (held as ControlledTransaction<Database>).savepoint('inner_one').execute();
        try {
          await work(transaction);
        } catch (error) {
          await transaction.rollbackToSavepoint('inner_one').execute();
          throw error;
        }
      },
      run: (held, text) => (held as ControlledTransaction<Database>).executeQuery(CompiledQuery.raw(text)),
      outside: { 'a Kysely instance': instance },
      close: () => instance.destroy(),
    };
  },
};

/** With the plugin that renames columns, since many applications have it. */
function open(url: string): Kysely<Database> {
  const dialect = new PostgresDialect({ pool: new Pool({ connectionString: url, max: 2 }) });
  return new Kysely<Database>({ dialect, plugins: [new CamelCasePlugin()] });
}
