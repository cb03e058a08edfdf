import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { beatOf, completionOf, jobOf, jobsOf, requestFor, requestOf } from '../job-factories.js';
import { assertBetween, idsOf, only, start, statsOf, take, pairOf } from '../looking.js';

export const pauseCases: readonly ContractCase[] = [
  {
    name: 'pause: nothing is taken from the queue until it is resumed, and others go on',
    async run({ storage }) {
      const [held, free] = [jobOf({ queue: 'a' }), jobOf({ queue: 'b' })];
      await storage.push([held, free]);
      await storage.pause('a', 'maintenance');
      assert.equal(only(await take(storage, requestFor('a', 'b'))).id, free.id);
      await storage.resume('a');
      assert.equal(only(await take(storage, requestFor('a', 'b'))).id, held.id);
    },
  },
  {
    name: 'pause: what runs goes on and can end, but nothing is claimed along with it',
    async run({ storage }) {
      const leased = await start(storage);
      const waiting = jobOf();
      await storage.push([waiting]);
      await storage.pause('default', 'x');
      assert.deepEqual(await storage.heartbeat(beatOf([leased])), { lost: [], cancelled: [] });
      const { results, popped } = await storage.complete([completionOf(leased)], requestOf());
      assert.deepEqual([results, popped?.jobs], [['recorded'], []]);
      await storage.resume('default');
      assert.equal(only(await take(storage)).id, waiting.id);
    },
  },
  {
    name: 'pause: the numbers tell since when and why, until it is resumed',
    async run({ storage }) {
      await storage.push([jobOf()]);
      const before = await storage.now();
      await storage.pause('default', "the provider's 🔥");
      const { paused, ready } = await statsOf(storage);
      assert.deepEqual([paused?.reason, ready], ["the provider's 🔥", 1]);
      assertBetween(before, paused?.at, await storage.now(), 'paused.at');
      await storage.resume('default');
      assert.equal((await statsOf(storage)).paused, undefined);
    },
  },
  {
    name: 'pause: the queue need not exist yet, and jobs can be pushed to it',
    async run({ storage }) {
      await storage.pause('new', 'not yet');
      const jobs = jobsOf(2, { queue: 'new' });
      await storage.push(jobs);
      assert.deepEqual(await take(storage, requestFor('new')), []);
      assert.equal((await statsOf(storage, 'new')).paused?.reason, 'not yet');
      await storage.resume('new');
      await storage.resume('never paused');
      assert.deepEqual(idsOf(await take(storage, requestFor('new'))), idsOf(jobs.slice(0, 1)));
    },
  },
  {
    name: 'pause: holds for rivals from the moment it resolves',
    async run(context) {
      const [operator, worker] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        await operator.push([jobOf()]);
        await operator.pause('default', 'x');
        assert.deepEqual(await take(worker), [], `round ${round}`);
        await operator.resume('default');
        assert.equal((await take(worker)).length, 1, `round ${round}`);
      }
    },
  },
];
