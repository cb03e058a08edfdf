import type { JoinedTransaction } from './joined-transaction.js';
import { joinKnex } from './knex.js';
import { joinKysely } from './kysely.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * What MikroORM's `em.transactional()` gives its callback, or an `EntityManager` after `begin()`.
 * @publicApi
 */
export interface MikroOrmEntityManager {
  getTransactionContext(): unknown;
  isInTransaction(): boolean;
}

export function joinMikroOrm(value: object): JoinedTransaction | undefined {
  const { getTransactionContext } = value as Partial<MikroOrmEntityManager>;
  if (typeof getTransactionContext !== 'function') return undefined;
  const context = (value as MikroOrmEntityManager).getTransactionContext() as object | undefined;
  if (context === undefined) {
    throw noTransactionOpen(
      'this EntityManager of MikroORM',
      'the EntityManager that em.transactional(async (em) => …) gives its callback',
    );
  }
  // MikroORM 7 stands on Kysely, and 6 on Knex.
  return joinKysely(context) ?? joinKnex(context);
}
