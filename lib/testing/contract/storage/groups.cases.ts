import assert from 'node:assert/strict';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, jobsOf, LEASE, requestOf } from '../job-factories.js';
import { idsOf, only, recordOf, take } from '../looking.js';
import { newsOf } from '../news.js';

export const groupsCases: readonly ContractCase[] = [
  {
    name: 'group: groups take turns, in order within each, and jobs without a group are one more',
    needs: 'groups',
    async run({ storage }) {
      // One push each: which of several groups came first within one is nobody's promise.
      await storage.push(jobsOf(4, { group: 'a' }));
      await storage.push(jobsOf(2, { group: 'b' }));
      await storage.push(jobsOf(2));
      const turns = (await take(storage, requestOf({ limit: 8 }))).map(({ group = '-' }) => group).join('');
      assert.equal(turns, 'ab-ab-aa');
    },
  },
  {
    name: 'group: turns go on from pop to pop, and one that comes new waits for each other once',
    needs: 'groups',
    async run({ storage }) {
      await storage.push([...jobsOf(5, { group: 'a' }), ...jobsOf(5, { group: 'b' })]);
      const next = async () => only(await take(storage, requestOf({ limit: 1 }))).group;
      assert.deepEqual([await next(), await next(), await next()], ['a', 'b', 'a']);
      await storage.push(jobsOf(2, { group: 'c' }));
      assert.deepEqual([await next(), await next(), await next(), await next()], ['b', 'a', 'c', 'b']);
    },
  },
  {
    name: 'group: within a group the order is priority, due time, arrival',
    needs: 'groups',
    async run({ storage }) {
      const [first, second, urgent] = [
        jobOf({ group: 'a' }),
        jobOf({ group: 'a' }),
        jobOf({ group: 'a', priority: -1 }),
      ];
      await storage.push([first, second, urgent]);
      const taken = await take(storage, requestOf({ limit: 3 }));
      assert.deepEqual(idsOf(taken), idsOf([urgent, first, second]));
      assert.equal((await recordOf(storage, taken[0]?.id ?? '')).group, 'a');
    },
  },
  {
    name: 'group: jobs that are due later join their group when their time has come',
    needs: 'groups',
    async run(context) {
      const { storage } = context;
      await storage.push([
        jobOf({ group: 'a', due: { in: 40 } }),
        jobOf({ group: 'b', due: { in: 60_000 } }),
      ]);
      const { jobs, nextIn = Infinity } = await storage.pop(requestOf());
      assert.deepEqual(jobs, []);
      assert.ok(nextIn <= 40, `nextIn ${nextIn}`);
      await context.advance(50);
      assert.deepEqual(
        (await take(storage)).map(({ group }) => group),
        ['a'],
      );
    },
  },
  {
    name: 'group: a group can be looked at, paused with a reason and resumed, and the others go on',
    needs: 'groups',
    async run({ storage }) {
      await storage.push([...jobsOf(2, { group: 'a' }), jobOf({ group: 'b' })]);
      await storage.pause('default', 'complaint', 'a');
      assert.deepEqual(
        (await take(storage)).map(({ group }) => group),
        ['b'],
      );
      const stats = await storage.group('default', 'a');
      assert.deepEqual([stats?.waiting, stats?.running, stats?.paused?.reason], [2, 0, 'complaint']);
      assert.equal((await storage.stats())[0]?.paused, undefined);
      await storage.resume('default', 'a');
      assert.equal((await take(storage)).length, 2);
      const running = await storage.group('default', 'a');
      assert.deepEqual([running?.waiting, running?.running, running?.paused], [0, 2, undefined]);
      assert.equal(await storage.group('default', 'never'), undefined);
    },
  },
  {
    name: 'group: to resume a group is news; it may be paused before it has a job; queue and group are resumed apart',
    needs: 'groups',
    async run(context) {
      const { storage } = context;
      const news = newsOf(storage);
      await storage.pause('default', 'early', 'a');
      const { waiting, running, paused } = (await storage.group('default', 'a')) ?? {};
      assert.deepEqual([waiting, running, paused?.reason], [0, 0, 'early']);
      await storage.push([jobOf({ group: 'a' })]);
      await storage.pause('default', 'all');
      await storage.resume('default');
      assert.deepEqual(await take(storage), []);
      news.clear();
      await storage.resume('default', 'a');
      if (storage.capabilities.signals)
        await context.eventually(() => news.tells('default'), 'news of the group');
      assert.equal((await take(storage)).length, 1);
    },
  },
  {
    name: 'group: paused before its queue has a job, it stays so when the queue is resumed',
    needs: 'groups',
    async run({ storage }) {
      await storage.pause('default', 'all');
      await storage.pause('default', 'early', 'a');
      await storage.resume('default');
      assert.equal((await storage.group('default', 'a'))?.paused?.reason, 'early');
      await storage.push([jobOf({ group: 'a' })]);
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'group: no more than so many jobs of a group run at once, and an end makes room',
    needs: 'groups',
    async run(context) {
      const { storage } = context;
      await storage.limit('default', { groups: { concurrency: 1 } });
      const [a1, a2] = jobsOf(2, { group: 'a' });
      assert.ok(a1 && a2);
      await storage.push([a1, a2, jobOf({ group: 'b' }), ...jobsOf(2)]);
      const taken = await take(storage);
      assert.equal(
        taken
          .map(({ group = '-' }) => group)
          .toSorted()
          .join(''),
        '--ab',
      );
      const { jobs, nextIn = Infinity } = await storage.pop(requestOf());
      assert.deepEqual(jobs, []);
      assert.ok(nextIn > 0, 'what a limit holds back is nothing to look for again at once');
      await storage.complete(taken.filter(({ group }) => group === 'a').map((job) => completionOf(job)));
      assert.deepEqual(idsOf(await take(storage)), [a2.id]);
    },
  },
  {
    name: 'group: a serial group runs its jobs one by one and in order, whoever pops and however runs end',
    needs: 'groups',
    async run(context) {
      const rivals = await context.rivals(4);
      const { storage } = context;
      await storage.limit('default', { groups: { concurrency: 1 } });
      const jobs = jobsOf(20, { group: 'a' });
      await storage.push(jobs);
      const order: string[] = [];
      for (let round = 0; round < 30 && order.length < jobs.length; round++) {
        const taken = (await Promise.all(rivals.map((rival) => take(rival)))).flat();
        const job = only(taken);
        order.push(job.id);
        const settlement = round % 3 === 0 ? deadFor() : undefined;
        await Promise.all([
          storage.complete([completionOf(job, settlement)]),
          ...rivals.map((rival) => rival.now()),
        ]);
      }
      assert.deepEqual(order, idsOf(jobs));
    },
  },
  {
    name: 'group: the place of a run whose lease ran out is free once it is rescued, not before',
    needs: 'groups',
    async run(context) {
      const { storage } = context;
      await storage.limit('default', { groups: { concurrency: 1 } });
      const first = jobOf({ group: 'a' });
      await storage.push([first, jobOf({ group: 'a' })]);
      await take(storage);
      await context.advance(LEASE + 10);
      assert.deepEqual(await take(storage), []);
      await storage.rescue(10, 3);
      assert.deepEqual(idsOf(await take(storage)), [first.id]);
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'group: jobs of names nobody here knows do not keep the rest of their group back',
    needs: 'groups',
    async run({ storage }) {
      await storage.limit('default', { groups: { concurrency: 2 } });
      const known = jobOf({ group: 'a' });
      await storage.push([...jobsOf(3, { group: 'a', name: 'unknown' }), known]);
      assert.deepEqual(idsOf(await take(storage)), [known.id]);
      assert.deepEqual(await take(storage), []);
      assert.equal((await take(storage, requestOf({ names: ['unknown'] }))).length, 1);
    },
  },
  {
    name: 'group: jobs without a group keep their turn while others ask for names that these do not have',
    needs: 'groups',
    async run({ storage }) {
      await storage.push([...jobsOf(9, { group: 'a' }), ...jobsOf(9, { group: 'b' })]);
      const own = jobOf();
      await storage.push([own]);
      const turns: (string | undefined)[] = [];
      for (let pop = 0; pop < 3; pop++) {
        turns.push(only(await take(storage, requestOf({ limit: 1 }))).group);
        assert.deepEqual(await take(storage, requestOf({ names: ['other'] })), []);
      }
      assert.ok(turns.includes(undefined), 'jobs without a group were passed by');
    },
  },
  {
    name: 'group: a queue that had jobs before its first group loses none of them',
    needs: 'groups',
    async run({ storage }) {
      const [early, later] = [jobOf(), jobOf({ due: { in: 60_000 } })];
      await storage.push([early, later]);
      await storage.push([jobOf({ group: 'a' })]);
      await storage.change([later.id], { delay: 0 });
      assert.equal((await take(storage)).length, 3);
    },
  },
  {
    name: 'group: moved to another queue a job is in the group of that name there',
    needs: 'groups',
    async run({ storage }) {
      const job = jobOf({ group: 'a' });
      await storage.push([job]);
      assert.deepEqual(await storage.change([job.id], { queue: 'other' }), [true]);
      assert.equal(await storage.group('default', 'a'), undefined);
      assert.equal((await storage.group('other', 'a'))?.waiting, 1);
      assert.equal(
        only(await take(storage, requestOf({ queues: [{ queue: 'other', limit: 1 }] }))).group,
        'a',
      );
    },
  },
  {
    name: 'group: a dead job that is retried comes back into the line of its group',
    needs: 'groups',
    async run({ storage }) {
      await storage.push([jobOf({ group: 'a' })]);
      const [dead] = await take(storage, requestOf());
      assert.ok(dead);
      await storage.complete([completionOf(dead, deadFor())]);
      // The group is seen to have nothing left.
      assert.deepEqual(await take(storage, requestOf()), []);
      assert.deepEqual(await storage.retry([dead.id]), [true]);
      assert.deepEqual(idsOf(await take(storage, requestOf())), [dead.id]);
    },
  },
  {
    name: 'group: its jobs are listed by its name',
    needs: 'groups',
    async run({ storage }) {
      const job = jobOf({ group: 'a' });
      await storage.push([job, jobOf({ group: 'b' }), jobOf()]);
      assert.deepEqual(idsOf((await storage.list({ group: 'a', limit: 10 })).jobs), [job.id]);
    },
  },
  {
    name: 'group: a group that has just come starts within one round, however many jobs the others have',
    needs: 'groups',
    async run({ storage }) {
      await storage.push(jobsOf(500, { group: 'huge' }));
      for (let nth = 0; nth < 10; nth++) await storage.push([jobOf({ group: `g${nth}` })]);
      await take(storage, requestOf({ limit: 5 }));
      await storage.push([jobOf({ group: 'new' })]);
      assert.ok(await comesWithin(storage, 'new', 12), 'the new group waits for each other once');
    },
  },
];

async function comesWithin(storage: Storage, group: string, pops: number): Promise<boolean> {
  for (let nth = 0; nth < pops; nth++) {
    if (only(await take(storage, requestOf({ limit: 1 }))).group === group) return true;
  }
  return false;
}
