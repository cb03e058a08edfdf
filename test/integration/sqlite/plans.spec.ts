import { describe, expect, it } from 'vitest';
import type { SqliteDatabase, SqliteStorage } from '../../../lib/drivers/sqlite/index.js';
import type { LeasedJob } from '../../../lib/core/job.js';
import {
  beatOf,
  COMPLETED,
  completedFor,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  LEASE,
  leaseOf,
  requestOf,
  retryingIn,
} from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { RecordedDatabase } from './recorded-database.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();
const NAMES = ['noop', 'mail', 'report'];
const TABLES = /^(SCAN|SEARCH) (jobs_(job|content|group|line|hold|edge)|other|edge)\b/;
const UNINDEXED = /^SCAN (jobs_(job|content|group|line|hold|edge)|other|edge)(?! USING)/;

describe('the statements of every day', () => {
  it('find jobs by an index', async () => {
    const { database, recorded } = await live();
    expect(unindexed(database, recorded)).toEqual([]);
  });

  it('find jobs by an index also in a file that the application has analyzed', async () => {
    const { database, storage, recorded } = await live();
    await storage.push(jobsOf(2_000, { due: { in: 60_000 } }));
    database.exec('analyze');
    expect(unindexed(database, recorded)).toEqual([]);
  });

  it('claim over several lanes by merging the ready index, sorting nothing', async () => {
    const { database, recorded } = await live();
    const claims = recorded.filter((sql) => sql.includes('union all'));
    expect(claims.length).toBeGreaterThan(0);
    for (const sql of claims) {
      const plan = planOf(database, sql);
      expect(plan.filter((step) => step.includes('jobs_ready')).length).toBe(NAMES.length);
      expect(plan.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    }
  });

  it('bind no bare limit: SQLite would plan them anew at every call', async () => {
    const { recorded } = await live();
    expect(recorded.filter((sql) => /limit \?(?! \+ 0)/.test(sql))).toEqual([]);
  });

  it('are looked at by a test that would notice', async () => {
    const { database } = await live();
    const planted = [`select * from jobs_content where payload = ?`, `delete from jobs_job where runner = ?`];
    expect(unindexed(database, planted).map(({ sql }) => sql)).toEqual(planted);
  });
});

/** A storage through which every kind of job went, and the statements it took. */
async function live() {
  const database = await files.database();
  const recording = new RecordedDatabase(database);
  const clock = new FakeClock();
  const storage = files.storage({ database: recording, durability: 'normal', clock });
  await storage.open();
  recording.take();
  await endings(storage, clock);
  await operations(storage, clock);
  await turns(storage, clock);
  await flows(storage);
  const recorded = [...new Set(recording.take())].filter((sql) =>
    /jobs_(job|content|group|line|hold|edge)/.test(sql),
  );
  // Of push, pop, complete, heartbeat, rescue, prune, cancel, retry, change and remove there are more than these.
  expect(recorded.length).toBeGreaterThan(20);
  return { database, storage, recorded };
}

async function endings(storage: SqliteStorage, clock: FakeClock): Promise<void> {
  for (const name of NAMES) await storage.push(jobsOf(2, { name }));
  const unique = { key: 'once', while: 'waiting' } as const;
  await storage.push([jobOf({ unique }), jobOf({ unique }), jobOf({ due: { in: 10 } })]);
  await storage.push([jobOf({ expiresIn: 5 }), jobOf({ expiresIn: 5, due: { in: 60_000 } })]);
  const [replaced, timed] = [
    { key: 'replaced', while: 'live' },
    { key: 'timed', while: { for: 5 } },
  ] as const;
  await storage.push([jobOf({ unique: timed }), jobOf({ unique: timed, order: 'lifo' })]);
  await storage.push([jobOf({ unique: replaced, due: { in: 60_000 } })]);
  await storage.push([jobOf({ unique: { ...replaced, replace: ['payload', 'due'] }, order: { ageing: 5 } })]);
  await clock.advance(10);
  const [first, second, third, fourth, fifth, ...running] = await pop(storage);
  if (!first || !second || !third || !fourth || !fifth) throw new Error('eight jobs were pushed');
  const settlements = [COMPLETED, completedFor(false), retryingIn(10), deadFor(), deadFor(false)];
  const ends = [first, second, third, fourth, fifth].map((job, index) =>
    completionOf(job, settlements[index]),
  );
  await storage.complete([...ends, ...ends.slice(0, 1)], requestOf({ names: NAMES }));
  await storage.heartbeat(beatOf(running));
  await storage.progress(running.map((job) => ({ lease: leaseOf(job), progress: '1' })));
  await storage.release(running.slice(0, 1).map(leaseOf));
  await clock.advance(LEASE + 1);
  expect(await storage.rescue(10, 3)).not.toEqual([]);
  expect(await storage.retry([fourth.id])).toEqual([true]);
}

async function operations(storage: SqliteStorage, clock: FakeClock): Promise<void> {
  const [waiting, moved, removed] = [jobOf(), jobOf(), jobOf()];
  await storage.push([waiting, moved, removed]);
  expect(await storage.cancel([waiting.id], 'because')).toEqual(['cancelled']);
  expect(await storage.retry([waiting.id])).toEqual([true]);
  expect(await storage.change([moved.id], { queue: 'other', priority: 1, delay: 5 })).toEqual([true]);
  expect(await storage.remove([removed.id])).toEqual(['removed']);
  const [running] = await pop(storage);
  expect(await storage.cancel([running?.id ?? ''], 'because')).toEqual(['requested']);
  await clock.advance(3_600_001);
  expect(await storage.prune(10)).toBeGreaterThan(0);
  await storage.info([waiting.id]);
  await storage.stats();
}

async function turns(storage: SqliteStorage, clock: FakeClock): Promise<void> {
  const rate = { count: 3, per: 1_000 };
  await storage.limit('default', { concurrency: 50, rate, groups: { concurrency: 1, rate } });
  for (const group of ['one', 'other', 'last']) {
    await storage.push([jobOf({ group }), jobOf({ group }), jobOf({ group, due: { in: 10 } })]);
  }
  await storage.pause('default', 'because', 'one');
  await pop(storage);
  await storage.resume('default', 'one');
  await clock.advance(1_000);
  expect(await pop(storage)).not.toEqual([]);
  await storage.list({ group: 'one', limit: 10 });
  expect(await storage.group('default', 'one')).toBeDefined();
}

async function flows(storage: SqliteStorage): Promise<void> {
  const [first, early] = [jobOf({ flow: 'f', queue: 'flows' }), jobOf({ queue: 'flows' })];
  const after = [first, early].map(({ id }) => ({ id, needs: 'completed' as const }));
  const last = jobOf({ after, flow: 'f', queue: 'flows' });
  await storage.push([early]);
  await storage.push([first, early, last]);
  await storage.cancel([first.id], 'because');
  expect(await storage.retry([first.id, last.id])).toEqual([true, true]);
  await storage.remove([early.id]);
  expect((await storage.list({ flow: 'f', limit: 10 })).jobs.length).toBe(2);
}

async function pop(storage: SqliteStorage): Promise<readonly LeasedJob[]> {
  return (await storage.pop(requestOf({ names: NAMES, limit: 8 }))).jobs;
}

function unindexed(database: SqliteDatabase, statements: readonly string[]) {
  return statements
    .map((sql) => ({ sql, plan: planOf(database, sql) }))
    .filter(({ sql, plan }) => plan.some((step) => UNINDEXED.test(step)) || !isPlanned(sql, plan));
}

/** An insert without a query has no plan; all others must show how they find their rows. */
function isPlanned(sql: string, plan: readonly string[]): boolean {
  return /^\s*insert/.test(sql) || plan.some((step) => TABLES.test(step));
}

function planOf(database: SqliteDatabase, sql: string): string[] {
  const steps = database.prepare(`explain query plan ${sql}`).all() as { detail: string }[];
  return steps.map(({ detail }) => detail);
}
