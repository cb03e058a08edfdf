import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import type { PostgresStorage } from '../../../lib/drivers/postgres/index.js';
import {
  beatOf,
  COMPLETED,
  completedFor,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  leaseOf,
  requestOf,
  retryingIn,
} from '../../../lib/testing/contract/job-factories.js';
import { admin } from '../../support/postgres.js';
import { noPrivatePostgres, startPostgres } from '../../support/servers/start-postgres.js';
import { temporarySchemas } from './schemas.js';

// An open transaction of another test, in any database of a server, keeps index entries of dead rows from being passed over:
// a claim would read them too. That may happen on a server that was named, or where none can be started.
const { POSTGRES_URL: named, POSTGRES_PROGRAMS: programs } = process.env;
const canStart = named === undefined && (programs !== undefined || noPrivatePostgres() === undefined);
const own = canStart ? await startPostgres(programs === undefined ? {} : { programs }) : undefined;
const pool = own ? new pg.Pool({ connectionString: own.url, max: 2 }) : admin;
// Connections that are just ending hear of the end of their server.
if (own) pool.on('error', () => {});
const schemas = temporarySchemas(own?.url, pool);
afterAll(async () => {
  if (own) await pool.end();
  await own?.stop();
});

const NAMES = ['noop', 'mail', 'report'];
const WAITING = 100_000;
const ENDED = 20_000;
// A busy server takes its time to add up what a connection did.
const COUNTED = { timeout: 20_000 };
const NOBODY = { id: 'none', token: 0 };

// The plans that connections keep were made when the tables were empty: those are the ones that go wrong.
it.each([true, false])(
  'the statements of every day never read a whole table, though it was empty at first (prepare: %s)',
  async (prepare) => {
    const schema = schemas.name();
    const storage = schemas.storage({ schema, prepare });
    await storage.open();
    for (let round = 0; round < 8; round += 1) await live(storage, round);
    await fill(schema);
    const before = await scansOf(schema);
    for (let round = 0; round < 3; round += 1) await live(storage, 100 + round);
    await storage.close();
    // What a connection counted is added up when it ends.
    await expect
      .poll(async () => (await scansOf(schema)).job?.indexed, COUNTED)
      .toBeGreaterThan(before.job?.indexed ?? 0);
    // Small tables may be read whole: one reading of the filled ones would be more than all of those.
    const after = await scansOf(schema);
    expect(after.job?.read).toBeLessThan(WAITING / 2);
    expect(after.ended_job?.read).toBeLessThan(ENDED / 2);
  },
);

it('a claim reads about as much of the ready index as it takes, though that was empty at first', async () => {
  const schema = schemas.name();
  const storage = schemas.storage({ schema });
  await storage.open();
  const request = requestOf({ limit: 100, lease: 60_000 });
  for (let round = 0; round < 8; round += 1) await storage.pop(request);
  for (let batch = 0; batch < 3; batch += 1) await storage.push(jobsOf(1_000));
  let taken = 0;
  for (let { jobs } = await storage.pop(request); jobs.length > 0;) {
    taken += jobs.length;
    const ends = jobs.map((job) => completionOf(job, completedFor(false)));
    jobs = (await storage.complete(ends, request)).popped?.jobs ?? [];
  }
  expect(taken).toBe(3_000);
  await storage.close();
  await expect.poll(() => readOf(schema, 'job_ready'), COUNTED).toBeGreaterThanOrEqual(taken);
  expect(await readOf(schema, 'job_ready')).toBeLessThan(3 * taken);
});

it('a claim reads about as much of its groups as it takes, however many jobs wait in each', async () => {
  const schema = schemas.name();
  const storage = schemas.storage({ schema });
  await storage.open();
  const request = requestOf({ limit: 100, lease: 60_000 });
  const groups = ['a', 'b', 'c'];
  for (let round = 0; round < 8; round += 1) {
    await storage.push(groups.map((group) => jobOf({ group })));
    const { jobs } = await storage.pop(request);
    await storage.complete(jobs.map((job) => completionOf(job)));
  }
  for (let batch = 0; batch < 10; batch += 1)
    await storage.push(groups.flatMap((group) => jobsOf(200, { group })));
  const before = await readOf(schema, 'job_grouped');
  let taken = 0;
  while (taken < 1_000) {
    const { jobs } = await storage.pop(request);
    taken += jobs.length;
    await storage.complete(jobs.map((job) => completionOf(job)));
  }
  await storage.close();
  await expect.poll(() => readOf(schema, 'job_grouped'), COUNTED).toBeGreaterThanOrEqual(before + taken);
  expect((await readOf(schema, 'job_grouped')) - before).toBeLessThan(5 * taken);
});

it('a claim of bounded groups reads no more of them than it takes, in a table that nobody has analyzed', async () => {
  const schema = schemas.name();
  const storage = schemas.storage({ schema });
  await storage.open();
  await storage.limit('default', { groups: { concurrency: 1_000 } });
  const groups = Array.from({ length: 10 }, (_, nth) => `group ${nth}`);
  const request = requestOf({ limit: 10, lease: 60_000 });
  let taken = 0;
  // The plans are those of the first round, when the table is small.
  for (const batches of [1, 3]) {
    for (let batch = 0; batch < batches; batch += 1)
      await storage.push(groups.flatMap((group) => jobsOf(100, { group })));
    for (let { jobs } = await storage.pop(request); jobs.length > 0;) {
      taken += jobs.length;
      const ends = jobs.map((job) => completionOf(job));
      jobs = (await storage.complete(ends, request)).popped?.jobs ?? [];
    }
  }
  expect(taken).toBe(4_000);
  await storage.close();
  await expect.poll(() => readOf(schema, 'job_grouped'), COUNTED).toBeGreaterThanOrEqual(taken);
  expect((await readOf(schema, 'job_grouped')) + (await readOf(schema, 'job_group_state'))).toBeLessThan(
    10 * taken,
  );
});

it('a transaction leaves one note for all its groups, however often it comes back to them', async () => {
  const schema = schemas.name();
  const storage = schemas.storage({ schema });
  await storage.open();
  await storage.push(Array.from({ length: 60 }, (_, nth) => jobOf({ group: `group ${nth % 20}` })));
  const { rows: notes } = await pool.query<{ groups: number[] }>(`select groups from "${schema}".note`);
  await storage.close();
  expect(notes.map(({ groups }) => groups.length)).toEqual([20]);
});

it('a push of many groups leaves notes that are no longer than a claim can bear', async () => {
  const schema = schemas.name();
  const storage = schemas.storage({ schema });
  await storage.open();
  await storage.push(Array.from({ length: 2500 }, (_, nth) => jobOf({ group: `group ${nth}` })));
  const { rows: notes } = await pool.query<{ groups: number[] }>(
    `select groups from "${schema}".note order by seq`,
  );
  await storage.close();
  expect(notes.map(({ groups }) => groups.length)).toEqual([1000, 1000, 500]);
});

it('are looked at by a test that would notice', async () => {
  const schema = schemas.name();
  await schemas.storage({ schema }).open();
  const client = await schemas.pool().connect();
  await fill(schema);
  await client.query(`select * from "${schema}".job where payload = 'x'`);
  client.release(true);
  await expect.poll(async () => (await scansOf(schema)).job?.read, COUNTED).toBeGreaterThanOrEqual(WAITING);
});

/** Does everything that is done every day. */
async function live(storage: PostgresStorage, round: number): Promise<void> {
  for (const name of NAMES) await storage.push(jobsOf(3, { name }));
  const unique = { key: `once ${round}`, while: 'waiting' } as const;
  await storage.push([jobOf({ unique }), jobOf({ unique }), jobOf({ due: { in: 1 } })]);
  const request = requestOf({ names: NAMES, limit: 8, lease: 60_000 });
  const { jobs } = await storage.pop(request);
  expect(jobs).toHaveLength(8);
  const settlements = [COMPLETED, completedFor(false), retryingIn(1), deadFor(), deadFor(false)];
  const ends = settlements.map((settlement, index) => completionOf(jobs[index] ?? NOBODY, settlement));
  const running = jobs.slice(settlements.length);
  const { results, popped } = await storage.complete(ends, requestOf({ names: ['noop'], limit: 1 }));
  expect(results).toEqual(ends.map(() => 'recorded'));
  await storage.heartbeat(beatOf(running, 60_000));
  await storage.progress(running.map((job) => ({ lease: leaseOf(job), progress: '1' })));
  await storage.release([...running, ...(popped?.jobs ?? [])].map(leaseOf));
  await storage.rescue(10, 3);
  const dead = jobs[3]?.id ?? '';
  expect(await storage.retry([dead])).toEqual([true]);
  expect(await storage.change([dead], { priority: -1, delay: 60_000 })).toEqual([true]);
  expect(await storage.cancel([dead], 'enough')).toEqual(['cancelled']);
  expect(await storage.remove([dead])).toEqual(['removed']);
  await storage.prune(10);
  await storage.info(jobs.map(({ id }) => id));
  await storage.list({ limit: 10 });
  // Only what this round pushed is left: the next one finds its eight at the head.
  for (
    let left = await storage.pop({ ...request, queues: [{ queue: 'default', limit: 100 }] });
    left.jobs.length > 0;
  ) {
    const ended = left.jobs.map((job) => completionOf(job));
    left = (await storage.complete(ended, requestOf({ names: NAMES, limit: 100 }))).popped ?? { jobs: [] };
  }
}

/** A hundred thousand jobs that others are to run, and some that ended. */
async function fill(schema: string): Promise<void> {
  const columns = 'key, lane, state, priority, run_at, enqueued_at, policy, payload';
  await pool.query(`
    insert into "${schema}".job (${columns})
    select gen_random_uuid(), 1000 + n % 10, n % 3, 0, 4102444800000 + n, 0, '', '' from generate_series(1, ${WAITING}) n;
    insert into "${schema}".ended_job (seq, ${columns}, token, attempt, stalls, ended_at, prune_at)
    select 1000000 + n, gen_random_uuid(), 1000, 4, 0, 0, 0, '', '', 1, 0, 0, 0, 4102444800000 + n
    from generate_series(1, ${ENDED}) n`);
}

/** Entries of an index that were read. */
async function readOf(schema: string, index: string): Promise<number> {
  const { rows } = await pool.query<{ read: number }>(
    `select idx_tup_read::integer as read from pg_stat_user_indexes where schemaname = $1 and indexrelname = $2`,
    [schema, index],
  );
  return rows[0]?.read ?? 0;
}

interface Scans {
  /** Rows that were read from end to end of the table. */
  readonly read: number;
  readonly indexed: number;
}

async function scansOf(schema: string): Promise<Record<string, Scans>> {
  const { rows } = await pool.query<Scans & { relname: string }>(
    `select relname, seq_tup_read::integer as read, idx_scan::integer as indexed from pg_stat_user_tables where schemaname = $1`,
    [schema],
  );
  return Object.fromEntries(rows.map(({ relname, ...scans }) => [relname, scans]));
}
