import { expect, it } from 'vitest';
import { jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { rowsOf, temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

it('policies come back as they were, whatever they hold, and are stored once as long as there is room', async () => {
  const schema = schemas.name();
  const [producer, worker] = [schemas.storage({ schema }), schemas.storage({ schema })];
  await Promise.all([producer.open(), worker.open()]);
  const texts = ['1', '=', '=1', '', 'a\0b', '\u0001', '{"maxRetries":1}'];
  const many = Array.from({ length: 600 }, (_, nth) => `{"timeout":${nth}}`);
  for (const policies of [texts, many, texts, ['late', '2']]) {
    const jobs = policies.map((policy) => jobOf({ policy }));
    await producer.push(jobs);
    const taken = (await worker.pop(requestOf({ limit: 1000 }))).jobs;
    expect(taken.map(({ policy }) => policy)).toEqual(policies);
    const records = await worker.info(jobs.map(({ id }) => id));
    expect(records.map((record) => record?.policy)).toEqual(policies);
  }
  const [stored] = await rowsOf<{ count: number }>(`select count(*)::integer from "${schema}".policy`, []);
  expect(stored?.count).toBe(texts.length + 500);
  const apart = await rowsOf(`select 1 from "${schema}".job where policy like '=%'`, []);
  expect(apart).toHaveLength(100 + 2);
});
