import { describe, expect, it } from 'vitest';
import type { SqliteDatabase } from '../../../lib/drivers/sqlite/index.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import {
  COMPLETED,
  completedFor,
  completionOf,
  jobOf,
  jobsOf,
  leaseOf,
  requestOf,
} from '../../../lib/testing/contract/job-factories.js';
import { RecordedDatabase } from './recorded-database.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('a large push', () => {
  it('with a job that is there already stores all the others', async () => {
    const storage = await open();
    const jobs = jobsOf(60);
    await storage.push(jobs.slice(10, 11));
    const pushed = await storage.push(jobs);
    expect(pushed.flatMap(({ duplicate }, index) => (duplicate ? [index] : []))).toEqual([10]);
    const records = await storage.info(jobs.map(({ id }) => id));
    expect(records.map((record) => record?.state)).toEqual(jobs.map(() => 'ready'));
  });

  it('is answered in the order of its jobs, whatever is among them and however many there are', async () => {
    const storage = await open();
    for (const count of [9, 11, 60, 199, 211]) {
      const jobs = jobsOf(count);
      const [same, unique] = [Math.floor(count / 3), Math.floor(count / 2)];
      await storage.push(jobs.slice(same, same + 1));
      jobs[unique] = jobOf({ unique: { key: `one of ${count}`, while: 'live' } });
      const pushed = await storage.push(jobs);
      expect(pushed).toEqual(jobs.map(({ id }, index) => ({ id, duplicate: index === same })));
      const { jobs: popped } = await storage.pop(requestOf({ limit: count }));
      const inOrder = [jobs[same], ...jobs.filter((_, index) => index !== same)];
      expect(popped.map(({ id }) => id)).toEqual(inOrder.map((job) => job?.id));
    }
  });

  it('takes a few statements, also of few jobs and beside one that asks for something special', async () => {
    const recording = new RecordedDatabase(await files.database());
    const storage = files.storage({ database: recording, durability: 'normal' });
    await storage.open();
    await storage.push(jobsOf(1));
    for (const [count, most] of [
      [10, 2],
      [100, 2],
      [1000, 10],
    ] as const) {
      recording.take();
      await storage.push(jobsOf(count));
      expect(inserts(recording)).toBe(most);
      await storage.push([...jobsOf(count), jobOf({ group: 'one' }), ...jobsOf(count)]);
      expect(inserts(recording)).toBe(2 * most + 2);
    }
  });

  it('keeps apart what differs in one thing only', async () => {
    const storage = await open();
    const kinds: Partial<NewJob>[] = [
      {},
      { priority: 1 },
      { name: 'other' },
      { queue: 'other' },
      { policy: '{"of":"another"}' },
      { due: { in: 60_000 } },
      { due: { at: 60_000 } },
    ];
    const jobs = kinds.flatMap((kind) => jobsOf(10, kind));
    await storage.push(jobs);
    const records = await storage.info(jobs.map(({ id }) => id));
    const now = await storage.now();
    for (const [index, { name, queue, policy, priority, payload, due }] of jobs.entries()) {
      const isLater = 'in' in due && due.in > 0;
      expect(records[index]).toMatchObject({ name, queue, policy, priority, payload });
      expect((records[index]?.runAt ?? 0) > now).toBe(isLater);
    }
  });

  it('of jobs that each have a policy of their own keeps the shared ones bounded, and every policy', async () => {
    const storage = await open();
    const jobs = Array.from({ length: 510 }, (_, index) => jobOf({ policy: `${index}` }));
    await storage.push(jobs);
    const database = await files.database();
    expect(database.prepare('select count(*) as policies from jobs_policy').all()).toEqual([
      { policies: 500 },
    ]);
    const records = await (await open()).info(jobs.map(({ id }) => id));
    expect(records.map((record) => record?.policy)).toEqual(jobs.map(({ policy }) => policy));
  });

  it('that failed leaves its policy usable', async () => {
    const [storage, other] = [await open(), await open()];
    const policy = '{"of":"the push that failed"}';
    await expect(storage.push([jobOf({ policy }), jobOf({ priority: 0.5 })])).rejects.toThrow('whole number');
    const job = jobOf({ policy });
    await storage.push([job]);
    await expect(other.info([job.id])).resolves.toMatchObject([{ policy }]);
  });
});

describe('ends recorded together', () => {
  it('keep nothing of a job that is to be forgotten, and all of one that is not held any more', async () => {
    const [storage, other] = [await open(), await open()];
    await storage.push(jobsOf(3));
    const { jobs } = await storage.pop(requestOf({ limit: 3 }));
    const [first, second, third] = jobs;
    if (!first || !second || !third) throw new Error('three jobs were pushed');
    await other.release([leaseOf(second)]);
    const { results } = await storage.complete(jobs.map((job) => completionOf(job, completedFor(false))));
    expect(results).toEqual(['recorded', 'recorded', 'recorded']);
    const records = await storage.info(jobs.map(({ id }) => id));
    expect(records).toMatchObject([undefined, { state: 'ready', payload: second.payload }, undefined]);
    await expect(storage.push([jobOf({ id: first.id })])).resolves.toEqual([
      { id: first.id, duplicate: false },
    ]);
  });

  it('count a job once that comes twice in one call', async () => {
    const storage = await open();
    await storage.push(jobsOf(2));
    const { jobs } = await storage.pop(requestOf({ limit: 2 }));
    const ends = jobs.map((job) => completionOf(job, COMPLETED));
    const { results } = await storage.complete([...ends, ...ends]);
    expect(results).toEqual(['recorded', 'recorded', 'recorded', 'recorded']);
    await expect(storage.stats()).resolves.toMatchObject([{ completed: 2 }]);
  });

  // A claim that is rolled back has noted where its job is; the place may be another job's a moment later.
  it('never hit the job that took the place of one whose push was rolled back', async () => {
    const intruder = await files.database();
    const database = whenRolledBack(await files.database(), () => insert(intruder, 'intruder'));
    const storage = files.storage({ database, durability: 'normal' });
    await storage.open();
    await storage.push([jobOf({ id: 'before' })]);
    await storage.remove(['before']);
    await Promise.allSettled([
      storage.push([jobOf({ id: 'mine' })]),
      storage.complete([], requestOf({ limit: 1 })),
      storage.push([jobOf({ payload: null as never })]),
    ]);
    const other = await open();
    const { jobs } = await other.pop(requestOf({ limit: 1 }));
    expect(jobs.map(({ id }) => id)).toEqual(['mine']);
    await storage.complete(jobs.map((job) => completionOf(job, COMPLETED)));
    await expect(storage.info(['mine', 'intruder'])).resolves.toMatchObject([
      { state: 'completed' },
      { state: 'running' },
    ]);
  });
});

function inserts(recording: RecordedDatabase): number {
  return recording.take().filter((sql) => /insert into jobs_(content|job) /.test(sql)).length;
}

async function open() {
  const storage = files.storage({ path: files.path(), durability: 'normal' });
  await storage.open();
  return storage;
}

/** Calls once, as another process may, as soon as the first rollback is done. */
function whenRolledBack(database: SqliteDatabase, call: () => void): SqliteDatabase {
  let isDone = false;
  return {
    prepare: (sql) => database.prepare(sql),
    close: () => database.close(),
    exec: (sql) => {
      database.exec(sql);
      if (sql !== 'rollback' || isDone) return;
      isDone = true;
      call();
    },
  };
}

function insert(database: SqliteDatabase, id: string): void {
  const { name, queue, payload, policy } = jobOf();
  database.prepare('insert into jobs_content (id, payload) values (?, ?)').run(id, payload);
  database
    .prepare('insert into jobs_lane (queue, name) values (?, ?) on conflict do nothing')
    .run(queue, name);
  database
    .prepare(
      `insert into jobs_job (seq, lane, policy, state, rank, place, priority, run_at, enqueued_at)
      select jobs_content.seq, jobs_lane.id, ?, 0, 0, 0, 0, 0, 0 from jobs_content, jobs_lane where jobs_content.id = ?`,
    )
    .run(policy, id);
}
