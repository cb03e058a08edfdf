import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * What `sql.begin()` of `postgres` gives its callback.
 * @publicApi
 */
export interface PostgresJsTransaction {
  unsafe(query: string, parameters: string[]): PromiseLike<readonly unknown[]>;
  savepoint(callback: never): unknown;
}

export function joinPostgresJs(value: object): JoinedTransaction | undefined {
  const { unsafe, savepoint } = value as Partial<PostgresJsTransaction>;
  if (typeof unsafe !== 'function') return undefined;
  if (typeof savepoint !== 'function') {
    throw noTransactionOpen(
      'the sql of postgres itself',
      'what sql.begin(async (sql) => …) gives its callback',
    );
  }
  const transaction = value as PostgresJsTransaction;
  return {
    async query(text, values) {
      return [...(await transaction.unsafe(text, [...values]))] as SqlRow[];
    },
  };
}
