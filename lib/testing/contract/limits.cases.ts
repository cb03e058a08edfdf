import assert from 'node:assert/strict';
import type { ContractCase } from './contract-case.js';
import { completionOf, jobOf, jobsOf, requestOf } from './job-factories.js';
import { take } from './looking.js';

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
      await storage.limit('default', { rate: { count: 4, per: 1_000 } });
      await storage.push(jobsOf(20));
      const taken = (await Promise.all(rivals.map((rival) => take(rival)))).flat();
      assert.equal(taken.length, 4);
      await context.advance(1_010);
      assert.equal((await take(storage)).length, 4);
    },
  },
];
