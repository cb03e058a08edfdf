import { describe, expect, it } from 'vitest';
import type { QueueLimits } from '../../../lib/storage/inspection.js';
import { completionOf, jobOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { RecordedDatabase } from './recorded-database.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('a claim from groups', () => {
  it.each<[string, QueueLimits]>([
    ['without limits', {}],
    ['that are at their limit', { groups: { concurrency: 1 } }],
    ['that have used up their rate', { groups: { rate: { count: 1, per: 60_000 } } }],
  ])('costs as much with a thousand that wait as with ten, %s', async (_, limits) => {
    const few = await costOfClaim(limits, 10);
    const many = await costOfClaim(limits, 1_000);
    expect(many).toBe(few);
  });

  it('does not walk past paused groups, nor past those of names that nobody here knows', async () => {
    const { storage, database } = await opened();
    for (let index = 0; index < 200; index += 1) {
      await storage.push([jobOf({ group: `p${index}` }), jobOf({ group: `u${index}`, name: 'unknown' })]);
      await storage.pause('default', 'because', `p${index}`);
    }
    await storage.push([jobOf({ group: 'open' })]);
    database.take();
    const { jobs } = await storage.pop(requestOf());
    expect(jobs.map(({ group }) => group)).toEqual(['open']);
    expect(database.take().length).toBeLessThan(50);
  });
});

it('gives jobs without a group a turn when they come, before or after the groups', async () => {
  const { storage } = await opened();
  const turns = async () => {
    const { jobs } = await storage.pop(requestOf({ limit: 4 }));
    return jobs.map(({ group = '-' }) => group).join('');
  };
  await storage.push([jobOf(), ...jobsOf(2, { group: 'a' }), jobOf()]);
  expect(await turns()).toBe('-a-a');
  await storage.push([...jobsOf(2, { group: 'b' }), ...jobsOf(2)]);
  expect(await turns()).toBe('b-b-');
});

it('leaves no trace of a group whose jobs have ended, once its starts no longer count', async () => {
  const { storage, database, clock } = await opened();
  const rows = () =>
    ['jobs_group', 'jobs_line'].map((table) => database.prepare(`select * from ${table}`).all().length);
  await storage.limit('default', { groups: { rate: { count: 5, per: 100 } } });
  for (let index = 0; index < 20; index += 1) await storage.push([jobOf({ group: `g${index}` })]);
  const { jobs } = await storage.pop(requestOf({ limit: 20 }));
  await storage.complete(jobs.map((job) => completionOf(job)));
  expect(rows()).toEqual([20, 0]);
  await clock.advance(100);
  await storage.pop(requestOf());
  expect(rows()).toEqual([0, 0]);
});

it('looks at a hundred groups at a time after their limits were changed, and says that it should be called again', async () => {
  const { storage } = await opened();
  await storage.limit('default', { groups: { concurrency: 1 } });
  await storage.push(Array.from({ length: 500 }, (_, index) => jobOf({ group: `g${index % 250}` })));
  expect((await storage.pop(requestOf({ limit: 250 }))).jobs.length).toBe(250);
  expect(await storage.pop(requestOf())).toEqual({ jobs: [] });
  await storage.limit('default', {});
  const counts: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { jobs, nextIn } = await storage.pop(requestOf({ limit: 1_000 }));
    counts.push(jobs.length);
    expect(nextIn).toBe(round < 2 ? 0 : undefined);
  }
  expect(counts).toEqual([100, 100, 50]);
});

/** Statements of a claim of five, from as many groups as wait. */
async function costOfClaim(limits: QueueLimits, groups: number): Promise<number> {
  const { storage, database } = await opened();
  // Another than that of the claim before, in the same file.
  const queue = `of ${groups}`;
  await storage.limit(queue, limits);
  const group = (index: number) => jobsOf(3, { queue, group: `g${index}` });
  await storage.push(Array.from({ length: groups }, (_, index) => group(index)).flat());
  // All have had their turn, so that groups with limits wait for them.
  await storage.pop(requestOf({ queues: [{ queue, limit: groups }] }));
  await storage.push(jobsOf(5).map((job, index) => ({ ...job, queue, group: `new${index}` })));
  database.take();
  const popped = await storage.pop(requestOf({ queues: [{ queue, limit: 5 }] }));
  expect(popped.jobs.length).toBe(5);
  return database.take().length;
}

async function opened() {
  const database = new RecordedDatabase(await files.database());
  const clock = new FakeClock();
  const storage = files.storage({ database, durability: 'normal', clock });
  await storage.open();
  return { storage, database, clock };
}
