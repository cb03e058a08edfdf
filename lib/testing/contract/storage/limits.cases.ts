import assert from 'node:assert/strict';
import type { Settlement } from '../../../core/settlement.js';
import type { ContractCase } from '../contract-case.js';
import { COMPLETED, completionOf, jobOf, jobsOf, LEASE, requestOf, retryingIn } from '../job-factories.js';
import { idsOf, only, pairOf, recordOf, statsOf, take } from '../looking.js';
import { newsOf } from '../news.js';

export const limitsCases: readonly ContractCase[] = [
  {
    name: 'limit: refused by a storage that declares none',
    lacks: 'limits',
    async run({ storage }) {
      await assert.rejects(storage.limit('default', { concurrency: 1 }), { code: 'UNSUPPORTED' });
      await storage.push([jobOf()]);
      assert.equal((await take(storage)).length, 1);
    },
  },
  {
    name: 'limit: no more than so many jobs of a queue run at once, for all runners together',
    needs: 'limits',
    async run(context) {
      const rivals = await context.rivals(4);
      const { storage } = context;
      await storage.limit('default', { concurrency: 3 });
      await storage.push([...jobsOf(60), jobOf({ queue: 'free' })]);
      for (let round = 0; round < 15; round++) {
        const taken = (await Promise.all(rivals.map((rival) => take(rival, requestOf({ limit: 5 }))))).flat();
        assert.equal(taken.length, 3, `round ${round}`);
        await storage.complete(taken.map((job) => completionOf(job)));
      }
      await storage.limit('default');
      assert.equal((await take(storage, requestOf({ limit: 100 }))).length, 15);
    },
  },
  {
    name: 'limit: no more than so many jobs of a queue start within a time, for all runners together',
    needs: 'limits',
    async run(context) {
      const rivals = await context.rivals(2);
      const { storage } = context;
      await storage.limit('default', { rate: { count: 4, per: 400 } });
      await storage.push(jobsOf(20));
      const taken = (await Promise.all(rivals.map((rival) => take(rival)))).flat();
      assert.equal(taken.length, 4);
      const { jobs, nextIn = Infinity } = await storage.pop(requestOf());
      assert.deepEqual(jobs, []);
      assert.ok(nextIn > 0 && nextIn <= 400, `nextIn ${nextIn}`);
      await storage.complete(taken.map((job) => completionOf(job)));
      assert.deepEqual(await take(storage), [], 'a start counts though its run has ended');
      await context.advance(430);
      assert.equal((await take(storage)).length, 4);
    },
  },
  {
    name: 'limit: a rate is kept within every window, not only from one to the next',
    needs: 'limits',
    async run(context) {
      const { storage } = context;
      const per = 240;
      await storage.limit('default', { rate: { count: 3, per } });
      await storage.push(jobsOf(30));
      const starts: number[] = [];
      for (let step = 0; step < 12; step++) {
        const jobs = await take(storage, requestOf({ limit: 2 }));
        for (const { id } of jobs) starts.push((await recordOf(storage, id)).startedAt ?? NaN);
        await context.advance(60);
      }
      for (const [nth, at] of starts.entries()) {
        const within = starts.slice(nth).filter((other) => other < at + per).length;
        assert.ok(within <= 3, `${within} starts within ${per} ms`);
      }
      assert.ok(starts.length >= 6, `only ${starts.length} started`);
    },
  },
  {
    name: 'limit: what crashed counts until it is rescued, and is run again within the limit',
    needs: 'limits',
    async run(context) {
      const { storage } = context;
      await storage.limit('default', { concurrency: 2 });
      await storage.push(jobsOf(4));
      const lost = await take(storage);
      assert.equal(lost.length, 2);
      await context.advance(LEASE + 10);
      assert.deepEqual(await take(storage), []);
      await storage.rescue(10, 3);
      assert.deepEqual(new Set(idsOf(await take(storage))), new Set(idsOf(lost)));
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'limit: an end in a limited queue is news for those who wait for room, as is another limit',
    needs: 'limits',
    async run(context) {
      const [one, other] = await pairOf(context);
      await one.limit('default', { concurrency: 1 });
      await one.push(jobsOf(6));
      const news = newsOf(other);
      // Some of the news may be of the listener's own beginning, so that the first is no proof yet.
      for (let round = 0; round < 4; round++) {
        const held = only(await take(one));
        news.clear();
        await one.complete([completionOf(held)]);
        if (other.capabilities.signals)
          await context.eventually(() => news.tells('default'), 'news of the end');
      }
      assert.equal((await take(other)).length, 1);
      news.clear();
      await one.limit('default', { concurrency: 2 });
      if (other.capabilities.signals)
        await context.eventually(() => news.tells('default'), 'news of the limit');
      assert.equal((await take(other)).length, 1);
    },
  },
  {
    name: 'limit: a rate for each group by itself, and none for jobs without a group',
    needs: 'groups',
    async run(context) {
      const { storage } = context;
      await storage.limit('default', { groups: { rate: { count: 1, per: 200 } } });
      await storage.push([...jobsOf(3, { group: 'a' }), ...jobsOf(3, { group: 'b' }), ...jobsOf(2)]);
      const groups = async () => (await take(storage)).map(({ group = '-' }) => group).toSorted();
      assert.deepEqual(await groups(), ['-', '-', 'a', 'b']);
      const { jobs, nextIn = Infinity } = await storage.pop(requestOf());
      assert.deepEqual(jobs, []);
      assert.ok(nextIn > 0 && nextIn <= 200, `nextIn ${nextIn}`);
      const again = (await storage.group('default', 'a'))?.startsAgainAt ?? 0;
      assert.ok(again > (await storage.now()) && again <= (await storage.now()) + 200);
      await context.advance(215);
      assert.deepEqual(await groups(), ['a', 'b']);
    },
  },
  {
    name: 'limit: a rate is kept by a group whose only job has started, and by one that has none left',
    needs: 'groups',
    async run(context) {
      const { storage } = context;
      await storage.limit('default', { groups: { rate: { count: 1, per: 200 } } });
      await storage.push([jobOf({ group: 'a' })]);
      const first = only(await take(storage));
      assert.ok((await storage.group('default', 'a'))?.startsAgainAt, 'while it runs');
      await storage.push([jobOf({ group: 'a' })]);
      assert.deepEqual(await take(storage), []);
      await storage.complete([completionOf(first)]);
      assert.deepEqual(await take(storage), []);
      await context.advance(215);
      await storage.complete([completionOf(only(await take(storage)))]);
      await storage.push([jobOf({ group: 'a' })]);
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'limit: the only job of a group may start again at once where the rate of the group has room',
    needs: 'groups',
    async run({ storage }) {
      await storage.limit('default', { groups: { rate: { count: 2, per: 60_000 } } });
      await storage.push([jobOf({ group: 'a' })]);
      await storage.release([only(await take(storage))]);
      const job = only(await take(storage));
      await storage.release([job]);
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'limit: shown in the numbers of its queue, kept over a restart, and over when lifted',
    needs: 'limits',
    async run(context) {
      const limits = { concurrency: 2, rate: { count: 9, per: 1_000 } };
      await context.storage.limit('default', limits);
      assert.deepEqual((await statsOf(context.storage)).limits, limits);
      const storage = context.storage.capabilities.durable ? await context.reopen() : context.storage;
      assert.deepEqual((await statsOf(storage)).limits, limits);
      await storage.push(jobsOf(4));
      assert.equal((await take(storage)).length, 2);
      await storage.limit('default');
      assert.equal((await statsOf(storage)).limits, undefined);
      assert.equal((await take(storage)).length, 2);
    },
  },
  {
    name: 'limit: a queue can be limited and paused at once, each for itself',
    needs: 'limits',
    async run({ storage }) {
      await storage.limit('default', { concurrency: 1 });
      await storage.push(jobsOf(2));
      await storage.pause('default', 'wait');
      assert.deepEqual(await take(storage), []);
      await storage.resume('default');
      assert.equal((await take(storage)).length, 1);
    },
  },
  {
    name: 'limit: completing and popping in one call makes room and takes it',
    needs: 'limits',
    async run({ storage }) {
      await storage.limit('default', { concurrency: 2 });
      await storage.push(jobsOf(5));
      const taken = await take(storage);
      assert.equal(taken.length, 2);
      const { popped } = await storage.complete(
        taken.map((job) => completionOf(job)),
        requestOf(),
      );
      assert.equal(popped?.jobs.length, 2);
    },
  },
  {
    name: 'limit: the room of a job that was to wait again, but was asked to end, is given out with the same call',
    needs: 'limits',
    async run({ storage }) {
      const jobs = jobsOf(GOING_ON.length + 1);
      await storage.limit('default', { concurrency: 1 });
      await storage.push(jobs);
      let held = only(await take(storage));
      for (const [nth, settlement] of GOING_ON.entries()) {
        assert.deepEqual(await storage.cancel([held.id], 'enough'), ['requested']);
        const { results, popped } = await storage.complete([completionOf(held, settlement)], requestOf());
        assert.deepEqual(results, ['recorded']);
        assert.equal((await recordOf(storage, held.id)).state, 'cancelled', settlement.state);
        assert.deepEqual(idsOf(popped?.jobs ?? []), [jobs[nth + 1]?.id], settlement.state);
        held = only(popped?.jobs ?? []);
      }
    },
  },
  {
    name: 'limit: the room of jobs that were to wait again, but were asked to end, is given out to their groups as well',
    needs: 'groups',
    async run({ storage }) {
      const settlements = [COMPLETED, ...GOING_ON];
      const [first, second] = [0, 1].map(() => settlements.map((_, nth) => jobOf({ group: `group ${nth}` })));
      await storage.limit('default', { concurrency: settlements.length, groups: { concurrency: 1 } });
      await storage.push([...(first ?? []), ...(second ?? [])]);
      const held = (await take(storage)).toSorted((a, b) => (a.group ?? '').localeCompare(b.group ?? ''));
      assert.deepEqual(idsOf(held), idsOf(first ?? []));
      const asked = idsOf(held).slice(1);
      assert.deepEqual(
        await storage.cancel(asked, 'enough'),
        asked.map(() => 'requested'),
      );
      const { results, popped } = await storage.complete(
        held.map((job, nth) => completionOf(job, settlements[nth])),
        requestOf(),
      );
      assert.deepEqual(
        results,
        held.map(() => 'recorded'),
      );
      assert.deepEqual(new Set(idsOf(popped?.jobs ?? [])), new Set(idsOf(second ?? [])));
    },
  },
];

/** Ends of runs after which a job would run again at once. */
const GOING_ON: readonly Settlement[] = [
  { state: 'ready', attempt: 0, stalls: 0 },
  { state: 'scheduled', attempt: 0, stalls: 0, delay: 0 },
  retryingIn(0),
];
