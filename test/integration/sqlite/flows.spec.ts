import { describe, expect, it } from 'vitest';
import type { Dependency } from '../../../lib/core/dependency.js';
import type { SqliteDatabase } from '../../../lib/drivers/sqlite/index.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import {
  completedFor,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  keeping,
  LEASE,
  requestOf,
} from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { RecordedDatabase } from './recorded-database.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('a flow', () => {
  it('frees a thousand jobs with as many statements as ten', async () => {
    expect(await costOfFreeing(1_000)).toBe(await costOfFreeing(10));
  });

  it('does not take the end of a lost run for the end of the job', async () => {
    const { storage, clock } = await opened();
    const [head, other] = [jobOf(), jobOf()];
    const last = jobOf({ name: 'last', after: [needOf(head), needOf(other)] });
    await storage.push([head, other, last]);
    const { jobs } = await storage.pop(requestOf());
    await clock.advance(LEASE + 1);
    await storage.rescue(10, 3);
    const { jobs: again } = await storage.pop(requestOf());
    await storage.complete(jobs.map((job) => completionOf(job)));
    expect(await storage.info([last.id])).toMatchObject([{ state: 'blocked' }]);
    await storage.complete(again.map((job) => completionOf(job)));
    expect(await storage.info([last.id])).toMatchObject([{ state: 'ready' }]);
  });

  it('is cancelled along a chain of three thousand', async () => {
    const { storage } = await opened();
    const chain = [jobOf({ policy: NONE_KEPT })];
    for (let length = 1; length < 3_000; length += 1) {
      chain.push(jobOf({ policy: NONE_KEPT, after: [needOf(chain[length - 1])] }));
    }
    await storage.push(chain);
    await storage.cancel([chain[0]?.id ?? ''], 'because');
    expect(await storage.stats()).toMatchObject([{ blocked: 0, ready: 0 }]);
    expect(await storage.list({ limit: 1 })).toEqual({ jobs: [] });
  });

  it('that came too late is cancelled also where the driver refuses what is undefined', async () => {
    const storage = files.storage({ database: refusing(await files.database()), durability: 'normal' });
    await storage.open();
    const head = jobOf();
    await storage.push([head]);
    await storage.cancel([head.id], 'because');
    const late = jobsOf(2, { policy: NONE_KEPT, after: [{ id: head.id, needs: 'dead' }] });
    await storage.push([head, ...late]);
    expect(await storage.info(late.map(({ id }) => id))).toEqual([undefined, undefined]);
  });

  it('leaves no trace of what its jobs waited for, once their records are gone', async () => {
    const { storage, database, clock } = await opened();
    const edges = () => database.prepare('select * from jobs_edge').all();
    const head = jobOf();
    const brief = completedFor(10);
    await storage.push([head, ...jobsOf(4, { after: [needOf(head)] })]);
    for (let round = 0; round < 2; round += 1) {
      const { jobs } = await storage.pop(requestOf());
      const [first, ...others] = jobs.map((job) => completionOf(job, brief));
      if (first === undefined) throw new Error('some are ready');
      await storage.complete([{ ...first, settlement: completedFor(false) }, ...others]);
    }
    expect(edges().length).toBe(3);
    await clock.advance(10);
    expect(await storage.prune(10)).toBe(3);
    expect(edges()).toEqual([]);
  });
});

describe('a flow that waits for a job that was there before', () => {
  it.each([
    ['completed', 'ready', (id: string) => completionOf({ id, token: 1 })],
    ['dead', 'cancelled', (id: string) => completionOf({ id, token: 1 }, deadFor())],
  ])('takes it as it is: %s', async (_, state, endOf) => {
    const { storage } = await opened();
    const head = jobOf();
    await storage.push([head]);
    await storage.pop(requestOf());
    await storage.complete([endOf(head.id)]);
    const last = jobOf({ after: [needOf(head)] });
    expect(await storage.push([head, last])).toMatchObject([{ duplicate: true }, { duplicate: false }]);
    expect(await storage.info([last.id])).toMatchObject([{ state }]);
  });
});

const NONE_KEPT = keeping({ completed: false, dead: false, cancelled: false });

function needOf(job: NewJob | undefined): Dependency {
  return { id: job?.id ?? '', needs: 'completed' };
}

async function costOfFreeing(count: number): Promise<number> {
  const { storage, database } = await opened();
  const head = jobOf({ name: 'head' });
  await storage.push([head, ...jobsOf(count, { after: [needOf(head)] })]);
  const { jobs } = await storage.pop(requestOf({ names: ['head'] }));
  database.take();
  await storage.complete(jobs.map((job) => completionOf(job)));
  return database.take().length;
}

async function opened() {
  const database = new RecordedDatabase(await files.database());
  const clock = new FakeClock();
  const storage = files.storage({ database, durability: 'normal', clock });
  await storage.open();
  return { storage, database, clock };
}

/** As `node:sqlite` does; others take it for null. */
function refusing(database: SqliteDatabase): SqliteDatabase {
  const check = (values: readonly unknown[]) => {
    if (values.includes(undefined)) throw new TypeError('undefined cannot be bound');
  };
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => (check(values), statement.run(...values)),
        all: (...values) => (check(values), statement.all(...values)),
      };
    },
  };
}
