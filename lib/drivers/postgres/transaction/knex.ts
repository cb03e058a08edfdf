import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * A `Transaction` of Knex.
 * @publicApi
 */
export interface KnexTransaction {
  readonly isTransaction?: boolean;
  isCompleted(): boolean;
  raw(sql: string, bindings: readonly string[]): PromiseLike<unknown>;
}

const INSTEAD = 'the transaction that knex.transaction(async (trx) => …) gives its callback';

export function joinKnex(value: object): JoinedTransaction | undefined {
  const { raw, isTransaction, isCompleted } = value as Partial<KnexTransaction>;
  if (typeof value !== 'function' || typeof raw !== 'function') return undefined;
  if (isTransaction !== true) throw noTransactionOpen('a Knex instance', INSTEAD);
  if (typeof isCompleted === 'function' && isCompleted.call(value)) {
    throw noTransactionOpen('this transaction of Knex is over: it', INSTEAD);
  }
  const transaction = value as unknown as KnexTransaction;
  return {
    async query(text, values) {
      const { sql, bindings } = positional(text, values);
      return ((await transaction.raw(sql, bindings)) as { rows: SqlRow[] }).rows;
    },
  };
}

/** Knex's own `?` in place of `$1`; what is a `?` in the text, such as an operator, is escaped. */
export function positional(
  text: string,
  values: readonly string[],
): { readonly sql: string; readonly bindings: readonly string[] } {
  const bindings: string[] = [];
  const sql = text.replace(/\$(\d+)|\?/g, (found, number: string | undefined) => {
    if (number === undefined) return '\\?';
    bindings.push(values[Number(number) - 1] ?? found);
    return '?';
  });
  return { sql, bindings };
}
