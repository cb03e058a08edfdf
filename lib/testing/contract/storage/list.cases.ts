import assert from 'node:assert/strict';
import type { JobQuery } from '../../../storage/inspection.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, jobsOf, retryingIn } from '../job-factories.js';
import { idsOf, recordsOf, start } from '../looking.js';

export const listCases: readonly ContractCase[] = [
  {
    name: 'list: the job that arrived last comes first, and records are those of info',
    async run({ storage }) {
      const jobs = [jobOf({ priority: -5 }), jobOf({ due: { in: 60_000 } }), jobOf({ queue: 'x' })];
      for (const job of jobs) await storage.push([job]);
      const page = await storage.list({ limit: 10 });
      assert.deepEqual(idsOf(page.jobs), idsOf(jobs).toReversed());
      assert.deepEqual(page.jobs, await recordsOf(storage, idsOf(page.jobs)));
      assert.equal(page.cursor, undefined);
      assert.deepEqual((await storage.list({ limit: 10, queue: 'nowhere' })).jobs, []);
    },
  },
  {
    name: 'list: all that is given must match',
    async run({ storage }) {
      const jobs = {
        plain: jobOf(),
        other: jobOf({ name: 'other' }),
        mail: jobOf({ queue: 'mail', name: 'other' }),
        unique: jobOf({ queue: 'mail', unique: { key: 'k', while: 'live' } }),
      };
      await storage.push(Object.values(jobs));
      const expected: readonly [Omit<JobQuery, 'limit'>, (keyof typeof jobs)[]][] = [
        [{ name: 'other' }, ['mail', 'other']],
        [{ queue: 'mail' }, ['unique', 'mail']],
        [{ queue: 'mail', name: 'other' }, ['mail']],
        [{ uniqueKey: 'k' }, ['unique']],
        [{ uniqueKey: 'k', name: 'other' }, []],
        [{ state: 'ready', queue: 'mail', name: 'noop', uniqueKey: 'k' }, ['unique']],
        [{ state: 'running' }, []],
      ];
      for (const [query, keys] of expected) {
        const { jobs: found } = await storage.list({ ...query, limit: 10 });
        assert.deepEqual(
          idsOf(found),
          keys.map((key) => jobs[key].id),
          JSON.stringify(query),
        );
      }
    },
  },
  {
    name: 'list: states are those a reader sees: once its time has come, a job that waited is ready',
    async run(context) {
      const { storage } = context;
      const [done, dead, retrying, running] = [
        await start(storage),
        await start(storage),
        await start(storage),
        await start(storage),
      ];
      const [scheduled, ready, cancelled] = [jobOf({ due: { in: 500 } }), jobOf(), jobOf()];
      await storage.push([scheduled, ready, cancelled]);
      await storage.cancel([cancelled.id], '');
      await storage.complete([
        completionOf(done),
        completionOf(dead, deadFor()),
        completionOf(retrying, retryingIn(500)),
      ]);
      const ids = { done, dead, retrying, running, scheduled, ready, cancelled };
      await assertStates(storage, {
        completed: [ids.done],
        dead: [dead],
        running: [running],
        cancelled: [cancelled],
      });
      await assertStates(storage, { scheduled: [scheduled], retrying: [retrying], ready: [ready] });
      await context.advance(510);
      await assertStates(storage, { scheduled: [], retrying: [], ready: [ready, scheduled, retrying] });
    },
  },
  {
    name: 'list: pages go on behind one another, without gaps or repeats, and the last has no cursor',
    async run({ storage }) {
      const jobs = jobsOf(25);
      await storage.push(jobs);
      for (const limit of [1, 7, 24, 25, 26]) {
        assert.deepEqual(await pages(storage, { limit }), idsOf(jobs).toReversed(), `limit ${limit}`);
      }
    },
  },
  {
    name: 'list: no page repeats or leaves out a job, whatever arrives, runs or ends between two calls',
    async run({ storage }) {
      const jobs = jobsOf(30);
      await storage.push(jobs);
      const seen = await pages(storage, { limit: 4 }, async () => {
        await storage.push(jobsOf(3));
        const leased = await start(storage, { queue: 'busy' });
        await storage.complete([completionOf(leased)]);
      });
      assert.equal(new Set(seen).size, seen.length, 'a job stood on two pages');
      assert.deepEqual(seen, idsOf(jobs).toReversed());
    },
  },
  {
    name: 'list: a page goes on where it stopped when the job it stopped at is gone',
    async run({ storage }) {
      const jobs = jobsOf(9);
      await storage.push(jobs);
      const { jobs: first, cursor } = await storage.list({ limit: 3, queue: 'default' });
      await storage.remove(idsOf(first));
      assert.ok(cursor !== undefined);
      const next = await storage.list({ limit: 10, queue: 'default', cursor });
      assert.deepEqual(idsOf(next.jobs), idsOf(jobs).slice(0, 6).toReversed());
    },
  },
  {
    name: 'list: a limit that is not a whole number from 1 to 1000 is refused, and so is a cursor of no page',
    async run({ storage }) {
      await storage.push(jobsOf(2));
      for (const limit of [0, -1, 1.5, 1_001, NaN, Infinity]) {
        await assert.rejects(storage.list({ limit }), { code: 'INVALID_OPTION' }, `limit ${limit}`);
      }
      for (const cursor of ['', 'x', "1' or 1=1"]) {
        await assert.rejects(
          storage.list({ limit: 1, cursor }),
          { code: 'INVALID_OPTION' },
          `cursor ${cursor}`,
        );
      }
    },
  },
  {
    name: 'list: a thousand records on one page',
    async run({ storage }) {
      await storage.push(jobsOf(1_200));
      const { jobs, cursor } = await storage.list({ limit: 1_000 });
      assert.ok(jobs.length === 1_000 && cursor !== undefined);
      assert.equal((await storage.list({ limit: 1_000, cursor })).jobs.length, 200);
    },
  },
];

async function assertStates(
  storage: Storage,
  expected: { [State in NonNullable<JobQuery['state']>]?: { id: string }[] },
) {
  for (const [state, jobs] of Object.entries(expected)) {
    const page = await storage.list({ state: state as NonNullable<JobQuery['state']>, limit: 10 });
    assert.deepEqual(idsOf(page.jobs).toSorted(), idsOf(jobs).toSorted(), state);
    assert.ok(page.jobs.every((record) => record.state === state));
  }
}

// A cursor that does not move on must fail the case, not hang it.
const MOST_SEEN = 1_000;

async function pages(storage: Storage, query: JobQuery, between?: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    assert.ok(page.jobs.length <= query.limit);
    seen.push(...idsOf(page.jobs));
    assert.ok(seen.length < MOST_SEEN, 'the pages come to no end');
    cursor = page.cursor;
    await between?.();
  } while (cursor !== undefined);
  return seen;
}
