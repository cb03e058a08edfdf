import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BackgroundJobsModule, Job, MemoryStorage, OutboxStorage, QueueHandle } from 'nestjs-background-jobs';
import { PostgresOutbox } from '../../../lib/drivers/postgres/index.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import { jobOf, jobsOf } from '../../../lib/testing/contract/job-factories.js';
import { FaultyStorage } from '../../../lib/testing/faulty-storage.js';
import { until } from '../../e2e/until.js';
import { admin, dropSchema, newSchema, POSTGRES_URL } from '../../support/postgres.js';

const sent: string[] = [];

@Job({ name: 'mail-from-outbox' })
class Mail {
  constructor(readonly to: string) {}

  run(): void {
    sent.push(this.to);
  }
}

let schema: string;
let inner: MemoryStorage;
let faulty: FaultyStorage;
let storage: OutboxStorage<PostgresOutbox>;
let troubles: unknown[];

beforeEach(async () => {
  schema = newSchema();
  inner = new MemoryStorage();
  faulty = new FaultyStorage(inner);
  troubles = [];
  storage = new OutboxStorage({
    storage: faulty,
    outbox: newOutbox(),
    pollInterval: 20,
    onTrouble: (error) => troubles.push(error),
  });
  await storage.open();
});
afterEach(async () => {
  await storage.close();
  await dropSchema(schema);
});

it('jobs of a transaction come to the storage once it commits, in order, and never when it rolls back', async () => {
  const [kept, dropped] = [jobsOf(700), jobsOf(3)];
  await transaction('rollback', (client) => storage.push(dropped, client));
  await transaction('commit', async (client) => {
    expect(await storage.push(kept, client)).toEqual(kept.map(({ id }) => ({ id, duplicate: false })));
    expect(await states(kept)).toEqual([]);
  });
  await moved(kept);
  expect(await states(dropped)).toEqual([]);
  const { jobs } = await inner.pop({
    ...{ runner: 'r', lease: 1_000, names: [kept[0]?.name ?? ''] },
    queues: [{ queue: 'default', limit: 1_000 }],
  });
  expect(jobs.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
});

it('a job that was pushed and could not be taken out is pushed again, and is one job', async () => {
  const job = jobOf();
  faulty.break('unanswered', ['push'], 1);
  await transaction('commit', (client) => storage.push([job], client));
  await until('it was pushed', async () => (await states([job])).length === 1);
  await until('the outbox is empty', async () => (await rows()).length === 0);
  expect(troubles).toMatchObject([{ code: 'STORAGE_UNAVAILABLE' }]);
  expect((await inner.stats())[0]?.ready).toBe(1);
});

it('while the storage is away jobs stay, which is told once, and they are moved when it is back', async () => {
  const jobs = jobsOf(3);
  faulty.break('refused', ['push']);
  await transaction('commit', (client) => storage.push(jobs, client));
  await until('trouble was told', () => troubles.length > 0);
  await until('it was tried again', async () => (await rows()).length === 3 && troubles.length === 1);
  faulty.heal();
  await moved(jobs);
  expect(troubles).toHaveLength(1);
});

it('a job that the storage refuses for good is set aside, keeps no other, and may be tried again', async () => {
  const [good, bad] = [jobsOf(4), jobOf()];
  const push = inner.push.bind(inner);
  let isRefused = true;
  inner.push = async (jobs: readonly NewJob[]) => {
    if (isRefused && jobs.some(({ id }) => id === bad.id)) throw new Error('never\0ever');
    return push(jobs);
  };
  await transaction('commit', (client) => storage.push([...good.slice(0, 2), bad, ...good.slice(2)], client));
  await until('the others are there', async () => (await states(good)).length === 4);
  await until('it is set aside', async () => (await rows()).length === 1);
  expect(await rows()).toMatchObject([{ problem: 'Error: neverever' }]);
  isRefused = false;
  await admin.query(`update "${schema}".outbox set problem = null`);
  await moved([bad]);
});

it('of several relays none gets what another has in hand', async () => {
  await storage.close();
  const relays = [newOutbox(), newOutbox(), newOutbox()];
  await Promise.all(relays.map((relay) => relay.open()));
  for (let round = 0; round < 30; round++) {
    const jobs = jobsOf(12);
    await transaction('commit', (client) => newOutbox().put(jobs, client));
    const pushed: string[] = [];
    const take = async (batch: readonly NewJob[]) => {
      pushed.push(...batch.map(({ id }) => id));
      await new Promise((resolve) => setImmediate(resolve));
    };
    while ((await Promise.all(relays.map((relay) => relay.move(5, take)))).some((count) => count > 0));
    expect(pushed.toSorted(), `round ${round}`).toEqual(jobs.map(({ id }) => id).toSorted());
  }
  await Promise.all(relays.map((relay) => relay.close()));
});

it('a delay counts from when the job was queued', async () => {
  await storage.close();
  const outbox = newOutbox();
  await outbox.open();
  const [waiting, overdue] = [jobOf({ due: { in: 3_600_000 } }), jobOf({ due: { in: 60_000 } })];
  const timed = jobOf({ due: { at: 4_000_000_000_000 } });
  await transaction('commit', (client) => outbox.put([waiting, overdue, timed], client));
  await admin.query(`update "${schema}".outbox set at = at - interval '30 minutes'`);
  const pushed: NewJob[] = [];
  await outbox.move(10, async (jobs) => pushed.push(...jobs));
  await outbox.close();
  const left = pushed[0]?.due as { in: number };
  expect(left.in).toBeGreaterThan(1_790_000);
  expect(left.in).toBeLessThanOrEqual(1_800_000);
  expect(pushed.slice(1).map(({ due }) => due)).toEqual([{ in: 0 }, { at: 4_000_000_000_000 }]);
});

it('any texts come through as they are', async () => {
  const text = JSON.stringify({ a: `"\\'{}$1 \u0000\ud83c🎉\u2028` });
  const job = jobOf({ payload: text, meta: text });
  await transaction('commit', (client) => storage.push([job], client));
  await moved([job]);
  expect((await inner.info([job.id]))[0]).toMatchObject({ payload: text, meta: text });
});

it('what can be known at once is refused at once: no transaction, options the storage lacks, completeIn', async () => {
  await expect(storage.push([jobOf()], admin as never)).rejects.toMatchObject({
    code: 'INVALID_TRANSACTION',
  });
  await transaction('commit', async (client) => {
    const first = jobOf();
    const second = jobOf({ after: [{ id: first.id, needs: 'completed' }] });
    await expect(storage.push([first, second], client)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(storage.complete([], undefined, client)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
  expect(await rows()).toEqual([]);
});

it('ten processes that open a missing outbox at once all succeed', async () => {
  const other = newSchema();
  const ten = Array.from(
    { length: 10 },
    () => new PostgresOutbox({ connectionString: POSTGRES_URL, schema: other }),
  );
  try {
    await Promise.all(ten.map((outbox) => outbox.open()));
    expect(await ten[9]?.move(1, async () => {})).toBe(0);
  } finally {
    await Promise.all(ten.map((outbox) => outbox.close()));
    await dropSchema(other);
  }
});

it('lives and ends with the module of the application', async () => {
  await storage.close();
  const own = new OutboxStorage({ storage: new MemoryStorage(), outbox: newOutbox(), pollInterval: 20 });

  @Module({ imports: [BackgroundJobsModule.forRoot({ storage: own })], providers: [Mail] })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const jobs: QueueHandle<typeof own> = app.get(QueueHandle);
  await transaction('commit', (client) => jobs.queue(new Mail('ada'), { transaction: client }));
  await until('it ran', () => sent.includes('ada'));
  await app.close();
  await transaction('commit', (client) => newOutbox().put([jobOf()], client));
  await expect(own.push([jobOf()])).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
  expect(await rows()).toHaveLength(1);
});

function newOutbox(): PostgresOutbox {
  return new PostgresOutbox({ connectionString: POSTGRES_URL, schema });
}

async function transaction<T>(
  end: 'commit' | 'rollback',
  work: (client: pg.Client) => Promise<T>,
): Promise<void> {
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  await client.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query(end);
  } finally {
    await client.end();
  }
}

async function states(jobs: readonly NewJob[]): Promise<readonly string[]> {
  return (await inner.info(jobs.map(({ id }) => id))).flatMap((record) => record?.state ?? []);
}

async function moved(jobs: readonly NewJob[]): Promise<void> {
  await until('all jobs are there', async () => (await states(jobs)).length === jobs.length);
  await until('the outbox is empty', async () => (await rows()).length === 0);
}

async function rows(): Promise<readonly unknown[]> {
  return (await admin.query(`select * from "${schema}".outbox`)).rows;
}
