import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, newId, requestFor, retryingIn } from '../job-factories.js';
import { assertBetween, idsOf, only, recordOf, start, stateOf, statsOf, take } from '../looking.js';

export const changeCases: readonly ContractCase[] = [
  {
    name: 'change: a new priority moves the job in its queue',
    async run({ storage }) {
      const [a, b, c] = [jobOf(), jobOf(), jobOf()];
      await storage.push([a, b, c]);
      assert.deepEqual(await storage.change([c.id], { priority: -1 }), [true]);
      assert.deepEqual(await storage.change([a.id], { priority: 1 }), [true]);
      const taken = await take(storage);
      assert.deepEqual(idsOf(taken), idsOf([c, b, a]));
      assert.deepEqual(
        taken.map(({ priority }) => priority),
        [-1, 0, 1],
      );
    },
  },
  {
    name: 'change: another queue gets the job, and the numbers follow',
    async run({ storage }) {
      const job = jobOf();
      await storage.push([job, jobOf({ queue: 'mail' })]);
      assert.deepEqual(await storage.change([job.id], { queue: 'mail' }), [true]);
      assert.deepEqual([(await statsOf(storage)).ready, (await statsOf(storage, 'mail')).ready], [0, 2]);
      assert.deepEqual(await take(storage), []);
      const [first] = await take(storage, requestFor('mail'));
      assert.deepEqual([first?.id, first?.queue], [job.id, 'mail']);
    },
  },
  {
    name: 'change: delay 0 promotes a job that waits for its time, scheduled or retrying',
    async run({ storage }) {
      const [scheduled, retrying] = [jobOf({ due: { in: 60_000 } }), await start(storage)];
      await storage.push([scheduled]);
      await storage.complete([completionOf(retrying, retryingIn(60_000))]);
      assert.deepEqual(await storage.change([scheduled.id, retrying.id], { delay: 0 }), [true, true]);
      assert.equal(await stateOf(storage, scheduled.id), 'ready');
      const taken = await take(storage);
      assert.deepEqual(idsOf(taken).toSorted(), idsOf([scheduled, retrying]).toSorted());
      assert.equal(taken.find(({ id }) => id === retrying.id)?.attempt, 1);
    },
  },
  {
    name: 'change: a delay puts the job off from now',
    async run(context) {
      const { storage } = context;
      const job = jobOf();
      await storage.push([job]);
      const before = await storage.now();
      await storage.change([job.id], { delay: 500 });
      assertBetween(
        before + 500,
        (await recordOf(storage, job.id)).runAt,
        (await storage.now()) + 500,
        'runAt',
      );
      assert.equal(await stateOf(storage, job.id), 'scheduled');
      const { jobs, nextIn } = await storage.pop(requestFor('default'));
      assert.ok(jobs.length === 0 && nextIn !== undefined && nextIn <= 500);
      await context.advance(510);
      assert.equal(only(await take(storage)).id, job.id);
    },
  },
  {
    name: 'change: what is not given stays',
    async run({ storage }) {
      const job = jobOf({ priority: 4, due: { in: 60_000 } });
      await storage.push([job]);
      const before = await recordOf(storage, job.id);
      assert.deepEqual(await storage.change([job.id], {}), [true]);
      assert.deepEqual(await recordOf(storage, job.id), before);
      await storage.change([job.id], { priority: 5 });
      assert.deepEqual(await recordOf(storage, job.id), { ...before, priority: 5 });
    },
  },
  {
    name: 'change: false for what does not wait, in the order of the ids, and nothing changes',
    async run({ storage }) {
      const [running, done, dead, cancelled, waiting] = [
        await start(storage),
        await start(storage),
        await start(storage),
        jobOf({ queue: 'x' }),
        jobOf({ queue: 'x' }),
      ];
      await storage.complete([completionOf(done), completionOf(dead, deadFor())]);
      await storage.push([cancelled, waiting]);
      await storage.cancel([cancelled.id], '');
      const ids = idsOf([running, done, dead, cancelled]);
      const before = await storage.info(ids);
      const answers = await storage.change([...ids, newId(), waiting.id], {
        priority: 9,
        queue: 'y',
        delay: 5,
      });
      assert.deepEqual(answers, [false, false, false, false, false, true]);
      assert.deepEqual(await storage.info(ids), before);
      assert.deepEqual(await storage.change([], { priority: 1 }), []);
    },
  },
];
