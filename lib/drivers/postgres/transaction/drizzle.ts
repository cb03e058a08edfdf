import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * What Drizzle's `db.transaction()` gives its callback, over `pg` (node-postgres) or `postgres` (postgres-js).
 * @publicApi
 */
export interface DrizzleTransaction {
  execute(query: never): PromiseLike<unknown>;
  rollback(): never;
}

export function joinDrizzle(value: object): JoinedTransaction | undefined {
  const { execute, rollback, $with } = value as Partial<DrizzleTransaction> & { $with?: unknown };
  if (typeof execute !== 'function' || typeof $with !== 'function') return undefined;
  if (typeof rollback !== 'function') {
    throw noTransactionOpen(
      'a Drizzle database',
      'the transaction that db.transaction(async (tx) => …) gives its callback',
    );
  }
  const transaction = value as DrizzleTransaction;
  return {
    async query(text, values) {
      const result = await transaction.execute(wrapped(text, values) as never);
      // postgres-js gives the rows themselves, node-postgres an object that has them.
      return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as SqlRow[];
    },
  };
}

/** What Drizzle takes for SQL: something that, asked for it, gives the text and its parameters. */
function wrapped(sql: string, params: readonly string[]): object {
  return { getSQL: () => ({ toQuery: () => ({ sql, params: [...params] }) }) };
}
