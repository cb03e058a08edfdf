import { Injectable, type DynamicModule } from '@nestjs/common';
import {
  ClsPluginTransactional,
  Propagation,
  Transactional,
  TransactionHost,
} from '@nestjs-cls/transactional';
import { TransactionalAdapterDrizzleOrm } from '@nestjs-cls/transactional-adapter-drizzle-orm';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { ClsModule } from 'nestjs-cls';
import { BackgroundJobsModule, ClsTransactions, Job, QueueHandle } from 'nestjs-background-jobs';
import { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dropSchema, newSchema, POSTGRES_URL } from '../../support/postgres.js';
import { boot } from '../nest/application.js';
import { ended } from '../nest/run-one.js';
import { EVERY_LIBRARY } from './libraries/every-library.js';
import type { Library } from './libraries/library.js';

@Injectable()
class Shop {
  @Transactional()
  within(work: () => Promise<unknown>): Promise<unknown> {
    return work();
  }

  @Transactional(Propagation.RequiresNew)
  alone(work: () => Promise<unknown>): Promise<unknown> {
    return work();
  }

  @Transactional(Propagation.Nested)
  nested(work: () => Promise<unknown>): Promise<unknown> {
    return work();
  }

  @Transactional(Propagation.NotSupported)
  without(work: () => Promise<unknown>): Promise<unknown> {
    return work();
  }
}

@Job({ name: 'confirm', maxRetries: 0, inject: [Shop, QueueHandle] })
class Confirm {
  async run(shop: Shop, jobs: QueueHandle) {
    const isInherited = TransactionHost.getInstance().isTransactionActive();
    const followers = await shop.within(() => jobs.queueAll([new Follow(), new Follow()]));
    return { isInherited, followers: (followers as unknown[]).length };
  }
}

@Job({ name: 'follow' })
class Follow {
  run() {}
}

interface Held {
  readonly adapter: ConstructorParameters<typeof ClsPluginTransactional>[0]['adapter'];
  close(): Promise<unknown>;
}

/** The adapters that the registry has. */
const PUBLISHED: Readonly<Record<string, () => Promise<Held>>> = {
  async typeorm() {
    const source = await new DataSource({ type: 'postgres', url: POSTGRES_URL }).initialize();
    const adapter = new TransactionalAdapterTypeOrm({ dataSourceToken: DataSource });
    return held(adapter, source, () => source.destroy());
  },
  async 'drizzle-orm'() {
    const pool = new Pool({ connectionString: POSTGRES_URL, max: 4 });
    const database = drizzle(pool);
    const adapter = new TransactionalAdapterDrizzleOrm<typeof database>({ drizzleInstanceToken: Pool });
    return held(adapter, database, () => pool.end());
  },
};

function held(
  adapter: { optionsFactory: unknown },
  connection: unknown,
  close: () => Promise<unknown>,
): Held {
  const { optionsFactory } = adapter;
  return { adapter: { connection, optionsFactory } as unknown as Held['adapter'], close };
}

/** As an adapter for this library is written: its transaction, and its savepoints. */
async function adapterOf(library: Library): Promise<Held> {
  const connection = await library.connect(POSTGRES_URL);
  type Work = () => Promise<unknown>;
  type Set = (transaction: unknown) => void;
  const optionsFactory = () => ({
    async wrapWithTransaction(_: unknown, work: Work, set: Set) {
      let result: unknown;
      await connection.transaction(async (transaction) => {
        set(transaction);
        result = await work();
      });
      return result;
    },
    async wrapWithNestedTransaction(_: unknown, work: Work, set: Set, around: unknown) {
      let result: unknown;
      await connection.nested(around, async (transaction) => {
        set(transaction);
        result = await work();
      });
      return result;
    },
    getFallbackInstance: () => undefined,
  });
  return held({ optionsFactory }, connection, () => connection.close());
}

const HOLDERS: readonly (readonly [string, () => Promise<Held>])[] = [
  ...Object.entries(PUBLISHED).map(([name, open]) => [`the published adapter for ${name}`, open] as const),
  ...EVERY_LIBRARY.map((library) => [`an adapter for ${library.name}`, () => adapterOf(library)] as const),
];

async function start(open: () => Promise<Held>) {
  const schema = newSchema();
  const { adapter, close } = await open();
  onTestFinished(async () => {
    await close();
    await dropSchema(schema);
  });
  const cls: DynamicModule = ClsModule.forRoot({ plugins: [new ClsPluginTransactional({ adapter })] });
  const storage = new PostgresStorage({ connectionString: POSTGRES_URL, schema });
  const { app } = await boot({
    imports: [
      cls,
      BackgroundJobsModule.forRoot({
        storage,
        transactions: new ClsTransactions(),
        defaults: { keep: { completed: '1h' } },
      }),
    ],
    providers: [Shop, Confirm, Follow],
  });
  const jobs = app.get(QueueHandle);
  const isThere = async (id: string) => (await jobs.info(id)) !== undefined;
  return { shop: app.get(Shop), jobs, isThere };
}

/** Rolls back all that is around it. */
const rollBack = () => Promise.reject(new Error('roll back'));

describe.each(HOLDERS)('within a transaction of %s', (_, open) => {
  it('jobs are queued with it, without a word; outside of one, at once', async () => {
    const { shop, jobs, isThere } = await start(open);
    const ids: string[] = [];
    await shop.within(async () => {
      const { id } = await jobs.queue(new Follow());
      ids.push(id, ...(await jobs.queueAll([new Follow()])).map((each) => each.id));
      ids.push(...(await jobs.chain([new Follow(), new Follow()])).ids);
      expect(await Promise.all(ids.map(isThere))).toEqual([false, false, false, false]);
    });
    expect(await Promise.all(ids.map(isThere))).toEqual([true, true, true, true]);
    let gone = '';
    const failed = shop.within(async () => {
      ({ id: gone } = await jobs.queue(new Follow()));
      await rollBack();
    });
    await expect(failed).rejects.toThrow('roll back');
    expect(await isThere(gone)).toBe(false);
    expect(await isThere((await jobs.queue(new Follow())).id)).toBe(true);
  });

  it('jobs follow the propagation of whatever is nested in it', async () => {
    const { shop, jobs, isThere } = await start(open);
    const queued: Record<string, string> = {};
    const queue = (name: string) => async () => {
      queued[name] = (await jobs.queue(new Follow())).id;
    };
    const outer = shop.within(async () => {
      await shop.within(queue('inner'));
      await shop.alone(queue('of its own'));
      await shop.without(queue('outside'));
      await jobs.queue(new Follow(), { transaction: false, id: 'not joined' });
      await rollBack();
    });
    await expect(outer).rejects.toThrow('roll back');
    await shop.within(async () => {
      await shop.nested(queue('savepoint'));
      const failed = shop.nested(async () => {
        await queue('lost savepoint')();
        await rollBack();
      });
      await expect(failed).rejects.toThrow('roll back');
    });
    const found = Object.entries(queued).map(async ([name, id]) => [name, await isThere(id)] as const);
    expect(Object.fromEntries(await Promise.all(found))).toEqual({
      inner: false,
      'of its own': true,
      outside: true,
      savepoint: true,
      'lost savepoint': false,
    });
    expect(await isThere('not joined')).toBe(true);
  });

  it('a job runs once it is committed, in none, and begins its own', async () => {
    const { shop, jobs } = await start(open);
    let id = '';
    await shop.within(async () => void ({ id } = await jobs.queue(new Confirm())));
    expect((await ended(jobs, id)).result).toEqual({ isInherited: false, followers: 2 });
  });
});
