import { InvalidOptionError } from '../../../core/errors.js';
import type { SqlRow } from '../sql.js';

/** A transaction of the caller's, as statements are run in it. */
export interface JoinedTransaction {
  query(text: string, values: readonly unknown[]): Promise<readonly SqlRow[]>;
}

interface PgClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: SqlRow[] }>;
}

/** Recognises what the caller holds of the transaction: a client of `pg` on which it began one. */
export function joinedTransactionOf(transaction: unknown): JoinedTransaction {
  if (!isPgClient(transaction)) {
    throw new InvalidOptionError('transaction: give the client of `pg` that the transaction was begun on');
  }
  return { query: async (text, values) => (await transaction.query(text, [...values])).rows };
}

// A pool has no `escapeIdentifier`, and each of its queries may run on another connection.
function isPgClient(transaction: unknown): transaction is PgClient {
  const { query, escapeIdentifier } = (transaction ?? {}) as { query?: unknown; escapeIdentifier?: unknown };
  return typeof query === 'function' && typeof escapeIdentifier === 'function';
}
