import { describe, expect, it } from 'vitest';
import { jobOf, jobsOf, requestOf, completionOf } from '../../../lib/testing/contract/job-factories.js';
import { RecordedDatabase } from './recorded-database.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('writes asked for at once', () => {
  it('share one transaction, a hundred pushes too', async () => {
    const { storage, database } = await open();
    const jobs = jobsOf(100);
    await Promise.all(jobs.map((job) => storage.push([job])));
    expect(transactions(database)).toBe(1);
    const records = await storage.info(jobs.map(({ id }) => id));
    expect(records.every((record) => record?.state === 'ready')).toBe(true);
  });

  it('share as many as it takes when they are many: none holds the event loop for long', async () => {
    const { storage, database } = await open();
    await Promise.all(Array.from({ length: 12 }, () => storage.push(jobsOf(1000))));
    expect(transactions(database)).toBe(3);
  });

  it('share one transaction also when they are of different kinds', async () => {
    const { storage, database } = await open();
    await storage.push(jobsOf(4));
    const { jobs } = await storage.pop(requestOf({ limit: 2 }));
    database.take();
    const [first, second] = jobs;
    if (first === undefined || second === undefined) throw new Error('two jobs were pushed');
    await Promise.all([
      storage.push([jobOf()]),
      storage.complete([completionOf(first)], requestOf({ limit: 1 })),
      storage.release([second]),
      storage.pause('mail', 'maintenance'),
    ]);
    expect(transactions(database)).toBe(1);
  });

  it('are two transactions when the second is asked for after the first was answered', async () => {
    const { storage, database } = await open();
    await storage.push([jobOf()]);
    await storage.push([jobOf()]);
    expect(transactions(database)).toBe(2);
  });

  it('are answered after the commit, never before', async () => {
    const { storage } = await open();
    const reader = await files.database();
    const count = reader.prepare('select count(*) as jobs from jobs_content where id = ?');
    const seen = await Promise.all(
      jobsOf(20).map(async (job) => {
        await storage.push([job]);
        return count.all(job.id);
      }),
    );
    expect(seen).toEqual(seen.map(() => [{ jobs: 1 }]));
  });
});

describe('a bad write among good ones', () => {
  const bad = () => jobOf({ priority: 1.5 });

  it('fails alone', async () => {
    const { storage } = await open();
    const jobs = jobsOf(20);
    const pushes = jobs.map((job, index) => storage.push([index === 7 ? { ...job, priority: 1.5 } : job]));
    const results = await Promise.allSettled(pushes);
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([7]);
    const records = await storage.info(jobs.map(({ id }) => id));
    expect(records.flatMap((record, index) => (record === undefined ? [index] : []))).toEqual([7]);
  });

  it('takes the other jobs of its own push along, and of no other', async () => {
    const { storage } = await open();
    const [companion, stranger] = [jobOf(), jobOf()];
    const results = await Promise.allSettled([storage.push([companion, bad()]), storage.push([stranger])]);
    expect(results).toMatchObject([{ reason: { code: 'INVALID_OPTION' } }, { status: 'fulfilled' }]);
    await expect(storage.info([companion.id, stranger.id])).resolves.toMatchObject([
      undefined,
      { id: stranger.id },
    ]);
  });

  it('leaves queues usable that appeared in the same batch', async () => {
    const { storage } = await open();
    const job = jobOf({ queue: 'mail' });
    await Promise.allSettled([storage.push([job]), storage.push([bad()]), storage.push([jobOf()])]);
    const popped = await storage.pop(requestOf({ queues: [{ queue: 'mail', limit: 5 }] }));
    expect(popped.jobs.map(({ id }) => id)).toEqual([job.id]);
    const stats = await storage.stats();
    expect(stats.map(({ queue, running, ready }) => ({ queue, running, ready }))).toEqual([
      { queue: 'default', running: 0, ready: 1 },
      { queue: 'mail', running: 1, ready: 0 },
    ]);
  });
});

async function open() {
  const database = new RecordedDatabase(await files.database());
  const storage = files.storage({ database, durability: 'normal' });
  await storage.open();
  database.take();
  return { storage, database };
}

function transactions(database: RecordedDatabase): number {
  return database.take().filter((sql) => sql === 'begin immediate').length;
}
