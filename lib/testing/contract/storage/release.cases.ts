import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { completionOf, jobsOf, newId, requestOf, retryingIn } from '../job-factories.js';
import { idsOf, only, recordOf, start, take } from '../looking.js';

export const releaseCases: readonly ContractCase[] = [
  {
    name: 'release: gives a job back uncharged, due now and in its old place',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await context.advance(10);
      await storage.push(jobsOf(2));
      assert.deepEqual(await storage.release([leased]), ['recorded']);
      const record = await recordOf(storage, leased.id);
      assert.deepEqual(
        [record.state, record.runAt, record.leaseUntil, record.runner],
        ['ready', leased.runAt, undefined, undefined],
      );
      const [first] = await take(storage);
      assert.deepEqual([first?.id, first?.attempt, first?.stalls, first?.token], [leased.id, 0, 0, 2]);
    },
  },
  {
    name: 'release: keeps the failures and stalls that were counted before',
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage);
      await storage.complete([completionOf({ id, token: 1 }, retryingIn(0))]);
      await take(storage);
      await context.advance(1_010);
      await storage.rescue(10, 3);
      await storage.release([only(await take(storage))]);
      const record = await recordOf(storage, id);
      assert.deepEqual([record.attempt, record.stalls, record.failures.length], [1, 1, 1]);
    },
  },
  {
    name: 'release: answers in the order of the leases, each apart, and again as the first time',
    async run({ storage }) {
      const [a, b] = [await start(storage), await start(storage)];
      const leases = [{ id: newId(), token: 1 }, b, { id: a.id, token: 5 }];
      assert.deepEqual(await storage.release(leases), ['gone', 'recorded', 'lost']);
      assert.deepEqual(await storage.release(leases), ['gone', 'recorded', 'lost']);
      assert.deepEqual(await storage.release([]), []);
    },
  },
  {
    name: 'release: jobs given back together come again in the order they had',
    async run({ storage }) {
      const jobs = jobsOf(30);
      await storage.push(jobs);
      const taken = await take(storage, requestOf({ limit: 20 }));
      await storage.release(taken.toReversed());
      assert.deepEqual(idsOf(await take(storage, requestOf({ limit: 30 }))), idsOf(jobs));
    },
  },
];
