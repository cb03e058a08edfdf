import { expect, it } from 'vitest';
import { completionOf, jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

it('the room of a job that was to wait again, but was asked to end, is given out with the same call', async () => {
  const storage = schemas.storage();
  await storage.open();
  await storage.limit('default', { concurrency: 1 });
  const [first, second] = [jobOf(), jobOf()];
  await storage.push([first, second]);
  const { jobs } = await storage.pop(requestOf());
  expect(jobs.map(({ id }) => id)).toEqual([first.id]);
  expect(await storage.cancel([first.id], 'enough')).toEqual(['requested']);
  const back = jobs.map((job) => completionOf(job, { state: 'ready', attempt: 0, stalls: 0 }));
  const { results, popped } = await storage.complete(back, requestOf());
  expect(results).toEqual(['recorded']);
  expect(popped?.jobs.map(({ id }) => id)).toEqual([second.id]);
  expect(await storage.info([first.id])).toMatchObject([{ state: 'cancelled' }]);
});
