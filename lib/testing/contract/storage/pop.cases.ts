import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { COMPLETED, completionOf, jobOf, jobsOf, LEASE, requestFor, requestOf } from '../job-factories.js';
import { assertBetween, fieldsOf, idsOf, only, recordOf, start, stateOf, take } from '../looking.js';

export const popCases: readonly ContractCase[] = [
  {
    name: 'pop: hands out the job as it was pushed, running and leased from now',
    async run({ storage }) {
      const job = jobOf({ payload: '{"to":"a"}', policy: '{"maxRetries":1}', priority: 3, meta: '[1]' });
      await storage.push([job]);
      const before = await storage.now();
      const leased = only(await take(storage, requestOf({ runner: 'me' })));
      const after = await storage.now();
      const { due: _, ...given } = job;
      const { enqueuedAt, runAt } = leased;
      assert.deepEqual(fieldsOf(leased), { ...given, token: 1, attempt: 0, stalls: 0, enqueuedAt, runAt });
      const { startedAt, leaseUntil, ...record } = await recordOf(storage, job.id);
      assert.deepEqual(fieldsOf(record), {
        ...fieldsOf(leased),
        state: 'running',
        runner: 'me',
        failures: [],
      });
      assertBetween(before, startedAt, after, 'startedAt');
      assertBetween(before + LEASE, leaseUntil, after + LEASE, 'leaseUntil');
    },
  },
  {
    name: 'pop: what runs is taken by nobody else',
    async run({ storage }) {
      await start(storage);
      assert.deepEqual(await take(storage, requestOf({ runner: 'other' })), []);
    },
  },
  {
    name: 'pop: the token grows by one each time the job is taken',
    async run({ storage }) {
      await storage.push([jobOf()]);
      for (let token = 1; token <= 5; token++) {
        const leased = only(await take(storage));
        assert.equal(leased.token, token);
        await storage.release([leased]);
      }
    },
  },
  {
    name: 'pop: never early, and at once when due',
    async run(context) {
      const { storage } = context;
      const at = (await storage.now()) + 2_000;
      const job = jobOf({ due: { at } });
      await storage.push([job]);
      await context.advance(1_000);
      assert.deepEqual(await take(storage), []);
      await context.advance(1_000);
      assert.equal(await stateOf(storage, job.id), 'ready');
      assert.ok(only(await take(storage)).runAt === at && (await storage.now()) >= at);
    },
  },
  {
    name: 'pop: in order of priority, then due time, then arrival',
    async run(context) {
      const { storage } = context;
      const late = jobOf({ due: { in: 20 } });
      const soon = jobOf({ due: { in: 10 } });
      await storage.push([late, soon]);
      await context.advance(50);
      const [first, second, urgent, idle] = [
        jobOf(),
        jobOf(),
        jobOf({ priority: -5 }),
        jobOf({ priority: 5 }),
      ];
      await storage.push([idle, first]);
      await storage.push([second, urgent]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([urgent, soon, late, first, second, idle]));
    },
  },
  {
    name: 'pop: the lowest and the highest priority there are keep their order',
    async run({ storage }) {
      const priorities = [2 ** 31 - 1, 0, -(2 ** 31) + 1, -1, 1];
      await storage.push(priorities.map((priority) => jobOf({ priority })));
      const taken = (await take(storage)).map(({ priority }) => priority);
      assert.deepEqual(taken, [-(2 ** 31) + 1, -1, 0, 1, 2 ** 31 - 1]);
    },
  },
  {
    name: 'pop: jobs of one instant come in the order of arrival, whatever their ids, one at a time or many',
    async run({ storage }) {
      const jobs = jobsOf(200).toSorted((a, b) => (a.id.slice(-6) < b.id.slice(-6) ? -1 : 1));
      await storage.push(jobs.slice(0, 100));
      for (const job of jobs.slice(100)) await storage.push([job]);
      const taken = [...(await take(storage, requestOf({ limit: 1 })))];
      taken.push(
        ...(await take(storage, requestOf({ limit: 57 }))),
        ...(await take(storage, requestOf({ limit: 500 }))),
      );
      assert.deepEqual(idsOf(taken), idsOf(jobs));
    },
  },
  {
    name: 'pop: an urgent job whose time comes later goes before less urgent ones that are due',
    async run(context) {
      const { storage } = context;
      const [urgent, plain] = [jobOf({ priority: -1, due: { in: 100 } }), jobOf()];
      await storage.push([urgent, plain, jobOf()]);
      assert.equal(only(await take(storage, requestOf({ limit: 1 }))).id, plain.id);
      await context.advance(150);
      assert.equal(only(await take(storage, requestOf({ limit: 1 }))).id, urgent.id);
    },
  },
  {
    name: 'pop: at most the limit of each queue, and nothing of queues that were not asked for or with limit 0',
    async run({ storage }) {
      const [a, b, c] = [jobsOf(3, { queue: 'a' }), jobsOf(3, { queue: 'b' }), jobsOf(3, { queue: 'c' })];
      await storage.push([...a, ...b, ...c, ...jobsOf(3, { queue: 'd' })]);
      const queues = [
        { queue: 'a', limit: 2 },
        { queue: 'b', limit: 0 },
        { queue: 'c', limit: 9 },
        { queue: 'nowhere', limit: 9 },
      ];
      const taken = await take(storage, requestOf({ queues }));
      assert.deepEqual(idsOf(taken.filter(({ queue }) => queue === 'a')), idsOf(a.slice(0, 2)));
      assert.deepEqual(idsOf(taken.filter(({ queue }) => queue === 'c')), idsOf(c));
      assert.equal(taken.length, 5);
    },
  },
  {
    name: 'pop: the same request again, and an equal one, take what is left',
    async run({ storage }) {
      const jobs = jobsOf(6);
      const request = requestOf({ limit: 2 });
      await storage.push(jobs);
      const taken = [...(await take(storage, request)), ...(await take(storage, request))];
      taken.push(...(await take(storage, structuredClone(request))));
      assert.deepEqual(idsOf(taken), idsOf(jobs));
    },
  },
  {
    name: 'pop: requests that differ in names, queues or lease are not taken for one another',
    async run({ storage }) {
      await storage.push([jobOf({ name: 'a' }), jobOf({ name: 'b' }), jobOf({ name: 'a', queue: 'x' })]);
      assert.equal(only(await take(storage, requestOf({ names: ['b'] }))).name, 'b');
      const long = requestOf({ names: ['a'], lease: 50_000 });
      const before = await storage.now();
      const leased = only(await take(storage, long));
      assert.ok(((await recordOf(storage, leased.id)).leaseUntil ?? 0) >= before + 50_000);
      assert.equal(only(await take(storage, { ...long, queues: requestFor('x').queues })).queue, 'x');
    },
  },
  {
    name: 'pop: jobs of unknown names stay for others and keep nobody from what stands behind them',
    async run({ storage }) {
      const known = jobsOf(3);
      await storage.push([...jobsOf(500, { name: 'foreign', priority: -1 }), ...known]);
      assert.deepEqual(idsOf(await take(storage)), idsOf(known));
      const others = await take(storage, requestOf({ names: ['foreign', 'else'], limit: 500 }));
      assert.equal(others.length, 500);
      assert.ok(others.every(({ token, attempt, stalls }) => token === 1 && attempt === 0 && stalls === 0));
    },
  },
  {
    name: 'pop: with no names known nothing is taken',
    async run({ storage }) {
      await storage.push([jobOf()]);
      assert.deepEqual(await take(storage, requestOf({ names: [] })), []);
      assert.deepEqual(await take(storage, requestOf({ queues: [] })), []);
    },
  },
  {
    name: 'pop: tells how long until the next job is due, maybe too early, never too late',
    async run(context) {
      const { storage } = context;
      assert.deepEqual((await storage.pop(requestOf())).jobs, []);
      await storage.push([
        jobOf({ due: { in: 3_000 } }),
        jobOf({ due: { in: 2_000 } }),
        jobOf({ queue: 'x' }),
      ]);
      const { jobs, nextIn } = await storage.pop(requestOf());
      assert.deepEqual(jobs, []);
      assert.ok(nextIn !== undefined && nextIn > 0 && nextIn <= 2_000, `nextIn: ${nextIn}`);
    },
  },
  {
    name: 'pop: tells of a job that comes back, retrying or snoozed',
    async run({ storage }) {
      const leased = await start(storage);
      const settlement = { state: 'scheduled', attempt: 0, stalls: 0, delay: 700 } as const;
      const { popped } = await storage.complete([completionOf(leased, settlement)], requestOf());
      assert.ok(
        popped?.nextIn !== undefined && popped.nextIn > 0 && popped.nextIn <= 700,
        `${popped?.nextIn}`,
      );
    },
  },
  {
    name: 'pop: says 0 when more were due than it was asked for',
    async run({ storage }) {
      await storage.push(jobsOf(3));
      assert.equal((await storage.pop(requestOf({ limit: 2 }))).nextIn, 0);
      assert.notEqual((await storage.pop(requestOf({ limit: 2 }))).nextIn, 0);
    },
  },
  {
    name: 'pop: jobs that this runner cannot have do not make it ask again at once',
    async run({ storage }) {
      await storage.push([jobOf({ name: 'foreign' }), jobOf({ queue: 'paused' })]);
      await storage.pause('paused', 'maintenance');
      assert.notEqual((await storage.pop(requestFor('default', 'paused'))).nextIn, 0);
    },
  },
  {
    name: 'pop: 10,000 jobs that fall due at once are all taken, once each and in order',
    async run(context) {
      const { storage } = context;
      const at = (await storage.now()) + 1_000;
      const jobs = jobsOf(10_000, { due: { at } });
      await storage.push(jobs);
      assert.deepEqual(await take(storage), []);
      await context.advance(1_000);
      const taken: string[] = [];
      for (let batch = await popMany(); batch.length > 0; batch = await popMany())
        taken.push(...idsOf(batch));
      assert.deepEqual(taken, idsOf(jobs));

      function popMany() {
        return take(storage, requestOf({ limit: 1_000, lease: 60_000 }));
      }
    },
  },
  {
    name: 'pop: order holds over any number of names: what goes first may carry the last of a thousand',
    async run({ storage }) {
      const names = Array.from({ length: 1_000 }, (_, index) => `name-${index}`);
      const jobs = names.map((name, index) => jobOf({ name, priority: -index }));
      await storage.push(jobs);
      const taken = await take(storage, requestOf({ names, limit: 3 }));
      assert.deepEqual(idsOf(taken), idsOf(jobs.slice(-3)).toReversed());
    },
  },
  {
    name: 'pop: rivals never get the same lease and leave nothing behind',
    async run(context) {
      const rivals = await context.rivals(4);
      for (let round = 0; round < 30; round++) {
        const jobs = jobsOf(20);
        await context.storage.push(jobs);
        const requests = rivals.map((rival, index) =>
          take(rival, requestOf({ runner: `r${index}`, limit: 7 })),
        );
        const taken = (await Promise.all(requests)).flat();
        assert.deepEqual(idsOf(taken).toSorted(), idsOf(jobs).toSorted(), `round ${round}`);
        await context.storage.complete(taken.map((job) => completionOf(job)));
      }
    },
  },
  {
    name: 'pop: rivals that complete and take in one step never get the same lease',
    async run(context) {
      const rivals = await context.rivals(4);
      const jobs = jobsOf(240);
      await context.storage.push(jobs);
      const taken = await Promise.all(rivals.map((rival, index) => drain(rival, `r${index}`)));
      assert.deepEqual(taken.flat().toSorted(), idsOf(jobs).toSorted());

      async function drain(rival: typeof context.storage, runner: string): Promise<string[]> {
        const request = requestOf({ runner, limit: 4 });
        const ended: string[] = [];
        for (let batch = await take(rival, request); batch.length > 0;) {
          ended.push(...idsOf(batch));
          const completions = batch.map((job) => completionOf(job, COMPLETED));
          const { results, popped } = await rival.complete(completions, request);
          assert.ok(results.every((result) => result === 'recorded'));
          batch = popped?.jobs ?? [];
        }
        return ended;
      }
    },
  },
];
