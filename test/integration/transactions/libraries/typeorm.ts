import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import type { Library } from './library.js';

export const typeOrm: Library = {
  name: 'TypeORM, EntityManager',
  async connect(url) {
    const source = await new DataSource({ type: 'postgres', url }).initialize();
    return {
      transaction: (work) => source.transaction(work),
      nested: (held, work) => (held as EntityManager).transaction(work),
      run: (held, sql) => (held as EntityManager).query(sql),
      outside: { 'a DataSource': source, 'its manager': source.manager },
      close: () => source.destroy(),
    };
  },
};

export const typeOrmQueryRunner: Library = {
  name: 'TypeORM, QueryRunner',
  async connect(url) {
    const source = await new DataSource({ type: 'postgres', url }).initialize();
    const idle = source.createQueryRunner();
    return {
      async transaction(work) {
        const runner = source.createQueryRunner();
        try {
          await within(runner, work);
        } finally {
          await runner.release();
        }
      },
      nested: (held, work) => within(held as QueryRunner, work),
      run: (held, sql) => (held as QueryRunner).query(sql),
      outside: { 'a QueryRunner before startTransaction': idle, 'its manager': idle.manager },
      async close() {
        await idle.release();
        await source.destroy();
      },
    };
  },
};

async function within(runner: QueryRunner, work: (held: unknown) => Promise<void>): Promise<void> {
  await runner.startTransaction();
  try {
    await work(runner);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}
