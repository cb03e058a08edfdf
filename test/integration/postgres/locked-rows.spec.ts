import { afterEach, beforeEach, expect, it } from 'vitest';
import type pg from 'pg';
import type { PostgresStorage } from '../../../lib/drivers/postgres/index.js';
import { jobOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();
let schema: string;
let storage: PostgresStorage;
let rival: pg.PoolClient;

beforeEach(async () => {
  schema = schemas.name();
  storage = schemas.storage({ schema });
  await storage.open();
  rival = await schemas.pool().connect();
});

// Before the storage is closed, which waits for what it asked.
afterEach(async () => {
  await rival.query('rollback');
  rival.release();
});

it.each([{}, { group: 'a' }])(
  'a claim passes by a job that somebody else is just changing, and takes the next at once (%o)',
  async (more) => {
    const jobs = jobsOf(3, more);
    await storage.push(jobs);
    await holdFirst();
    const popped = await atOnce(storage.pop(requestOf({ limit: 3 })));
    expect(popped.jobs.map(({ id }) => id)).toEqual(jobs.slice(1).map(({ id }) => id));
  },
);

it('a claim passes by a job that has come due and that somebody else is just changing', async () => {
  const jobs = [jobOf({ due: { in: 1 } }), jobOf({ due: { in: 2 } })];
  await storage.push(jobs);
  await holdFirst();
  await expect
    .poll(() =>
      atOnce(storage.pop(requestOf({ limit: 2 }))).then((popped) => popped.jobs.map(({ id }) => id)),
    )
    .toEqual([jobs[1]?.id]);
});

it('a sweep passes by a job whose lease ran out and whose end is just written', async () => {
  await storage.push(jobsOf(2));
  await storage.pop(requestOf({ limit: 2, lease: 1 }));
  await holdFirst();
  await expect.poll(async () => (await atOnce(storage.rescue(10, 3))).length).toBe(1);
});

async function holdFirst(): Promise<void> {
  await rival.query(`begin; select 1 from "${schema}".job order by seq limit 1 for update`);
}

/** A claim that waited for the rival would be ended by the server, eight seconds later. */
async function atOnce<Answer>(call: Promise<Answer>): Promise<Answer> {
  const begun = performance.now();
  const answer = await call;
  expect(performance.now() - begun, 'milliseconds').toBeLessThan(5_000);
  return answer;
}
