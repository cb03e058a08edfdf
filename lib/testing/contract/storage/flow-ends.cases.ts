import assert from 'node:assert/strict';
import { after } from '../after.js';
import type { ContractCase } from '../contract-case.js';
import {
  completedFor,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  LEASE,
  requestFor,
  requestOf,
} from '../job-factories.js';
import { idsOf, only, pairOf, recordOf, stateOf, statsOf, take } from '../looking.js';
import { newsOf } from '../news.js';
import { race } from '../race.js';

/** Whatever ends a job settles, in the same step, those who wait for it. */
export const flowEndsCases: readonly ContractCase[] = [
  {
    name: 'flow: a job that is free can be claimed along with the end that frees it, and is news',
    needs: 'flows',
    async run(context) {
      const [here, there] = await pairOf(context);
      const first = jobOf();
      const [next, elsewhere] = [
        jobOf(after('completed', first)),
        jobOf({ ...after('completed', first), queue: 'mail' }),
      ];
      await here.push([first, next, elsewhere]);
      const held = only(await take(here));
      const news = newsOf(there.capabilities.signals ? there : here);
      await context.advance(20);
      news.clear();
      const { popped } = await here.complete([completionOf(held)], requestOf());
      assert.deepEqual(idsOf(popped?.jobs ?? []), [next.id]);
      await context.eventually(() => news.tells('mail'), 'news of the job that is free');
      assert.equal(only(await take(there, requestFor('mail'))).id, elsewhere.id);
    },
  },
  {
    name: 'flow: an end that keeps no record tells those who wait like any other',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const jobs = jobsOf(3);
      const [completed, dead, stalled] = jobs;
      assert.ok(completed && dead && stalled);
      const waiting = jobs.map((job) => jobOf({ ...after('ended', job), queue: 'next' }));
      await storage.push([...jobs, ...waiting]);
      const [one, two] = await take(storage, requestOf({ limit: 3 }));
      assert.ok(one && two);
      const withResult = { ...completedFor(false), result: '"r"' } as const;
      await storage.complete([completionOf(one, withResult), completionOf(two, deadFor(false))]);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 0);
      const freed = await take(storage, requestOf({ queues: [{ queue: 'next', limit: 5 }] }));
      const ends = freed.map(({ id, after: [settled] = [] }) => [id, settled?.ended, settled?.result]);
      assert.deepEqual(
        ends.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
        waiting.map(({ id }, nth) => [id, ['completed', 'dead', 'dead'][nth], nth === 0 ? '"r"' : undefined]),
      );
    },
  },
  {
    name: 'flow: a record of an ended job that is removed or pruned changes nothing for those who waited',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const [removed, pruned, open] = jobsOf(3);
      assert.ok(removed && pruned && open);
      const last = jobOf(after('completed', removed, pruned, open));
      await storage.push([removed, pruned, open, last]);
      const [one, two, three] = await take(storage);
      assert.ok(one && two && three);
      await storage.complete([completionOf(one), completionOf(two, completedFor(10))]);
      await storage.remove([removed.id]);
      await context.advance(20);
      assert.equal(await storage.prune(10), 1);
      assert.equal(await stateOf(storage, last.id), 'blocked');
      await storage.complete([completionOf(three)]);
      const freed = only(await take(storage));
      assert.deepEqual(
        freed.after?.map(({ ended }) => ended),
        ['completed', 'completed', 'completed'],
      );
    },
  },
  {
    name: 'flow: a blocked job expires too, and what it waited for finds nobody there',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      const second = jobOf({ ...after('completed', first), expiresIn: 20 });
      const third = jobOf(after('dead', second));
      await storage.push([first, second, third]);
      await context.advance(30);
      assert.deepEqual(idsOf(await storage.rescue(10, 3)), [second.id]);
      assert.deepEqual(
        [await stateOf(storage, second.id), await stateOf(storage, third.id)],
        ['dead', 'ready'],
      );
      assert.deepEqual(idsOf(await take(storage)).toSorted(), idsOf([first, third]).toSorted());
      await storage.complete([completionOf({ id: first.id, token: 1 })]);
      assert.equal(await stateOf(storage, second.id), 'dead');
    },
  },
  {
    name: 'flow: a delay given to a blocked job is kept for when it is free',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const [first, put] = jobsOf(2);
      assert.ok(first && put);
      const [later, sooner] = [
        jobOf(after('completed', first)),
        jobOf({ ...after('completed', first), due: { in: 60_000 } }),
      ];
      await storage.push([first, later, sooner]);
      assert.deepEqual(await storage.change([later.id], { delay: 200 }), [true]);
      assert.deepEqual(await storage.change([sooner.id], { delay: 0 }), [true]);
      assert.deepEqual(
        [await stateOf(storage, later.id), await stateOf(storage, sooner.id)],
        ['blocked', 'blocked'],
      );
      await storage.complete([completionOf(only(await take(storage)))]);
      assert.equal(await stateOf(storage, later.id), 'scheduled');
      assert.deepEqual(idsOf(await take(storage)), [sooner.id]);
      await context.advance(230);
      assert.deepEqual(idsOf(await take(storage)), [later.id]);
    },
  },
  {
    name: 'flow: a job that starts again makes those blocked that were cancelled for it, not those that have run',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const [ran, waits] = [jobOf(after('ended', first)), jobOf(after('completed', first))];
      const last = jobOf(after('completed', waits));
      await storage.push([first, ran, waits, last]);
      await storage.complete([completionOf(only(await take(storage)), deadFor())]);
      await storage.complete([completionOf(only(await take(storage)))]);
      assert.equal(await stateOf(storage, last.id), 'cancelled');
      assert.deepEqual(await storage.retry([waits.id, last.id]), [false, false]);
      assert.deepEqual(await storage.retry(idsOf([first, waits, last])), [true, true, true]);
      assert.deepEqual((await recordOf(storage, ran.id)).after?.[0]?.ended, 'dead');
      const { state, cancelReason, endedAt } = await recordOf(storage, last.id);
      assert.deepEqual([state, cancelReason, endedAt], ['blocked', undefined, undefined]);
      const order: string[] = [];
      for (let nth = 0; nth < 3; nth++) {
        const job = only(await take(storage));
        order.push(job.id);
        await storage.complete([completionOf(job)]);
      }
      assert.deepEqual(order, idsOf([first, waits, last]));
      assert.equal((await statsOf(storage)).blocked, 0);
    },
  },
  {
    name: 'flow: to cancel or remove several jobs that wait for one another is to do so one after another',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('ended', first));
      await storage.push([second, first]);
      assert.deepEqual(await storage.cancel(idsOf([first, second]), 'no'), ['cancelled', 'cancelled']);
      assert.equal(await stateOf(storage, second.id), 'cancelled');
      const third = jobOf();
      const fourth = jobOf(after('completed', third));
      await storage.push([fourth, third]);
      assert.deepEqual(await storage.remove(idsOf([third, fourth])), ['removed', 'removed']);
      assert.deepEqual(await storage.info(idsOf([third, fourth])), [undefined, undefined]);
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'flow: an end in a transaction frees those who wait once that commits, and not when it rolls back',
    needs: ['flows', 'transactions'],
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      const [next, other] = [jobOf(after('completed', first)), jobOf(after('dead', first))];
      await storage.push([first, next, other]);
      const held = only(await take(storage));
      const dropped = await context.transaction();
      await storage.complete([completionOf(held)], undefined, dropped.handle);
      await dropped.rollback();
      assert.deepEqual(
        [await stateOf(storage, next.id), await stateOf(storage, other.id)],
        ['blocked', 'blocked'],
      );
      const kept = await context.transaction();
      await storage.complete([completionOf(held)], undefined, kept.handle);
      await kept.commit();
      assert.deepEqual(
        [await stateOf(storage, next.id), await stateOf(storage, other.id)],
        ['ready', 'cancelled'],
      );
      assert.deepEqual(idsOf(await take(storage)), [next.id]);
    },
  },
  {
    name: 'flow: of a last end and a cancel at once the cancel stands, and nobody runs the job',
    needs: 'flows',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const first = jobOf();
        const second = jobOf(after('completed', first));
        const third = jobOf(after('ended', second));
        await one.push([first, second, third]);
        const held = only(await take(one));
        const [, cancelled] = await race(
          round,
          () => one.complete([completionOf(held)]),
          () => other.cancel([second.id], 'no'),
        );
        assert.deepEqual(cancelled, ['cancelled'], `round ${round}`);
        assert.equal(await stateOf(one, second.id), 'cancelled', `round ${round}`);
        const freed = only(await take(one));
        assert.equal(freed.id, third.id, `round ${round}`);
        await one.complete([completionOf(freed)]);
      }
    },
  },
  {
    name: 'flow: of two last ends at once, one good and one bad, exactly one cancel follows',
    needs: 'flows',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const jobs = jobsOf(2);
        const middle = jobOf(after('completed', ...jobs));
        const last = jobOf(after('ended', middle));
        await one.push([...jobs, middle, last]);
        const [good, bad] = await take(one);
        assert.ok(good && bad);
        await race(
          round,
          () => one.complete([completionOf(good)]),
          () => other.complete([completionOf(bad, deadFor())]),
        );
        const { state, cancelReason = '' } = await recordOf(one, middle.id);
        assert.equal(state, 'cancelled', `round ${round}`);
        assert.ok(cancelReason.includes(bad.id), `round ${round}`);
        const freed = only(await take(one));
        assert.equal(freed.id, last.id, `round ${round}`);
        await one.complete([completionOf(freed)]);
      }
      assert.equal((await statsOf(one)).blocked, 0);
    },
  },
];
