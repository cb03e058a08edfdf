import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * What Prisma's interactive `$transaction()` gives its callback.
 * @publicApi
 */
export interface PrismaTransaction {
  $queryRawUnsafe(query: string, ...values: string[]): PromiseLike<unknown>;
}

export function joinPrisma(value: object): JoinedTransaction | undefined {
  const { $queryRawUnsafe, $connect } = value as Partial<PrismaTransaction> & { $connect?: unknown };
  if (typeof $queryRawUnsafe !== 'function') return undefined;
  // Prisma takes this away from the client of a transaction, however the client was extended.
  if (typeof $connect === 'function') {
    throw noTransactionOpen(
      'PrismaClient itself',
      'the client that prisma.$transaction(async (tx) => …) gives its callback',
    );
  }
  const client = value as PrismaTransaction;
  return {
    async query(text, values) {
      return (await client.$queryRawUnsafe(text, ...values)) as SqlRow[];
    },
  };
}
