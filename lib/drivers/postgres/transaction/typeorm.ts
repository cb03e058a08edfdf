import type { SqlRow } from '../connection/sql.js';
import type { JoinedTransaction } from './joined-transaction.js';
import { noTransactionOpen } from './no-transaction-open.js';

/**
 * What TypeORM's `dataSource.transaction()` gives its callback.
 * @publicApi
 */
export interface TypeOrmEntityManager {
  readonly queryRunner?: TypeOrmQueryRunner | undefined;
  getRepository(target: never): unknown;
}

/**
 * A `QueryRunner` of TypeORM, after `startTransaction()`.
 * @publicApi
 */
export interface TypeOrmQueryRunner {
  readonly isTransactionActive: boolean;
  startTransaction(): Promise<void>;
  query(query: string, parameters: string[], useStructuredResult: true): Promise<{ records: unknown[] }>;
}

const INSTEAD = 'the EntityManager that dataSource.transaction() gives its callback';

export function joinTypeOrm(value: object): JoinedTransaction | undefined {
  if (isQueryRunner(value)) return joinQueryRunner(value);
  if (!isEntityManager(value)) return undefined;
  if (value.queryRunner === undefined) throw noTransactionOpen(`TypeORM's ${nameOf(value)}`, INSTEAD);
  return joinQueryRunner(value.queryRunner);
}

function joinQueryRunner(runner: TypeOrmQueryRunner): JoinedTransaction {
  if (!runner.isTransactionActive) throw noTransactionOpen('this QueryRunner of TypeORM', INSTEAD);
  return {
    async query(text, values) {
      // The plain result has another shape for each kind of statement.
      const { records } = await runner.query(text, [...values], true);
      return records as SqlRow[];
    },
  };
}

function isQueryRunner(value: object): value is TypeOrmQueryRunner {
  const { isTransactionActive, startTransaction } = value as Partial<TypeOrmQueryRunner>;
  return typeof isTransactionActive === 'boolean' && typeof startTransaction === 'function';
}

function isEntityManager(value: object): value is TypeOrmEntityManager {
  const { getRepository, query } = value as { getRepository?: unknown; query?: unknown };
  return typeof getRepository === 'function' && typeof query === 'function';
}

function nameOf(value: object): string {
  return 'createQueryRunner' in value ? 'DataSource' : 'EntityManager outside of a transaction';
}
