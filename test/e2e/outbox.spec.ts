import { afterEach, beforeEach, expect, it } from 'vitest';
import { PostgresOutbox } from 'nestjs-background-jobs/postgres';
import { jobsOf } from '../../lib/testing/contract/job-factories.js';
import { admin, dropSchema, newSchema, POSTGRES_URL } from '../support/postgres.js';
import { sqlite } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

let stage: Stage;
let schema: string;
beforeEach(async () => {
  stage = await Stage.open(sqlite);
  schema = newSchema();
});
afterEach(async () => {
  await stage.close();
  await dropSchema(schema);
});

it('a relay killed between the push and the taking out makes no second job', async () => {
  const postgres = { connectionString: POSTGRES_URL, schema };
  const outbox = new PostgresOutbox(postgres);
  await outbox.open();
  const jobs = jobsOf(5);
  const client = await admin.connect();
  await client.query('begin');
  await outbox.put(jobs, client);
  await client.query('commit');
  client.release();

  const first = stage.spawn('relay.mjs', { postgres, database: stage.url, dies: true });
  expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });
  expect(stage.lines('pushed')).toHaveLength(1);
  expect(await waiting()).toBe(5);

  stage.spawn('relay.mjs', { postgres, database: stage.url });
  await until('the outbox is empty', async () => (await waiting()) === 0, { seen: stage.story });
  expect(stage.lines('pushed')).toHaveLength(2);
  const records = await stage.storage.info(jobs.map(({ id }) => id));
  expect(records.map((record) => record?.state)).toEqual(jobs.map(() => 'ready'));
  expect((await stage.storage.stats()).map(({ ready }) => ready)).toEqual([5]);
  await outbox.close();
});

async function waiting(): Promise<number> {
  return (await admin.query(`select 1 from "${schema}".outbox`)).rows.length;
}
