import { InvalidTransactionError } from '../../../core/errors.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { joinDrizzle, type DrizzleTransaction } from './drizzle.js';
import { joinKnex, type KnexTransaction } from './knex.js';
import { joinKysely, type KyselyTransaction } from './kysely.js';
import { joinMikroOrm, type MikroOrmEntityManager } from './mikro-orm.js';
import { joinPg, type PgClient } from './pg.js';
import { joinPostgresJs, type PostgresJsTransaction } from './postgres-js.js';
import { joinPrisma, type PrismaTransaction } from './prisma.js';
import { joinTypeOrm, type TypeOrmEntityManager, type TypeOrmQueryRunner } from './typeorm.js';

/**
 * What the application holds of its running transaction: the client of `pg` after `begin`, or what the callback gets
 * of TypeORM (`EntityManager`; also a `QueryRunner` that began one), Prisma, Drizzle (over `pg` or `postgres`), Knex,
 * Kysely, MikroORM (`EntityManager`) or `postgres`.
 * @publicApi
 */
export type PostgresTransaction =
  | PgClient
  | TypeOrmEntityManager
  | TypeOrmQueryRunner
  | PrismaTransaction
  | DrizzleTransaction
  | KnexTransaction
  | KyselyTransaction
  | MikroOrmEntityManager
  | PostgresJsTransaction;

/** The transaction if the value is of this library; throws if it is and has none open. */
type Join = (value: object) => JoinedTransaction | undefined;

// The most telling shapes first: objects of several libraries have a `query`.
const LIBRARIES: readonly Join[] = [
  joinMikroOrm,
  joinTypeOrm,
  joinPrisma,
  joinKysely,
  joinDrizzle,
  joinKnex,
  joinPostgresJs,
  joinPg,
];

/**
 * Recognises by shape what the application passed as `transaction`. Throws `InvalidTransactionError` for what is none,
 * and for what is known to have none open: its writes would be committed by themselves.
 */
export function joinTransaction(value: unknown): JoinedTransaction {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    for (const join of LIBRARIES) {
      const joined = join(value);
      if (joined !== undefined) return joined;
    }
  }
  throw new InvalidTransactionError(
    `transaction: ${nameOf(value)} is no transaction that PostgreSQL storage can join. Pass a client of pg after ` +
      `begin, an EntityManager or QueryRunner of TypeORM, the client that Prisma's $transaction gives its callback, ` +
      `a transaction of Drizzle, Knex, Kysely or postgres, or an EntityManager of MikroORM`,
  );
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } };
  return typeof constructor?.name === 'string' ? `an object of class ${constructor.name}` : 'an object';
}
