import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * A `Client` or `PoolClient` of `pg`.
 * @publicApi
 */
export interface PgClient {
  query(text: string, values: string[]): Promise<{ readonly rows: unknown[] }>;
  /** Clients of `pg` before 8.19 do not have it: they are asked with a savepoint. */
  getTransactionStatus?(): string | null;
  readonly escapeLiteral: (text: string) => string;
}

const INSTEAD = 'the client on which begin was called';

export function joinPg(value: object): JoinedTransaction | undefined {
  if (isPool(value)) throw noTransactionOpen('a Pool of pg', INSTEAD);
  if (!isClient(value)) return undefined;
  const status = value.getTransactionStatus?.();
  if (status === 'I') throw noTransactionOpen('this client of pg', INSTEAD);
  return {
    async query(text, values) {
      if (status === undefined || status === null) await checkIsOpen(value);
      return (await value.query(text, [...values])).rows as SqlRow[];
    },
  };
}

// PostgreSQL takes a savepoint within a transaction alone.
async function checkIsOpen(client: PgClient): Promise<void> {
  try {
    await client.query('savepoint jobs_joined', []);
  } catch (error) {
    if ((error as { code?: unknown }).code === '25P01') throw noTransactionOpen('this client of pg', INSTEAD);
    throw error;
  }
  await client.query('release savepoint jobs_joined', []);
}

function isPool(value: object): boolean {
  return 'totalCount' in value && 'idleCount' in value && 'connect' in value;
}

function isClient(value: object): value is PgClient {
  const { query, escapeLiteral } = value as Partial<PgClient>;
  return typeof query === 'function' && typeof escapeLiteral === 'function';
}
