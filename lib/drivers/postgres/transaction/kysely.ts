import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * A `Transaction` or `ControlledTransaction` of Kysely.
 * @publicApi
 */
export interface KyselyTransaction {
  readonly isTransaction: boolean;
  executeQuery(query: never): Promise<{ readonly rows: unknown[] }>;
}

export function joinKysely(value: object): JoinedTransaction | undefined {
  const { executeQuery, isTransaction } = value as Partial<KyselyTransaction>;
  if (typeof executeQuery !== 'function') return undefined;
  if (isTransaction !== true) {
    throw noTransactionOpen(
      'a Kysely instance',
      'the transaction that db.transaction().execute(async (trx) => …) gives its callback',
    );
  }
  const transaction = value as KyselyTransaction;
  return {
    async query(text, values) {
      return (await transaction.executeQuery(compiled(text, values) as never)).rows as SqlRow[];
    },
  };
}

/** A query as Kysely's compiler would leave it. */
function compiled(sql: string, parameters: readonly string[]): object {
  const query = { kind: 'RawNode', sqlFragments: [sql], parameters: [] };
  return { sql, parameters, query, queryId: { queryId: 'nestjs-background-jobs' } };
}
