import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import {
  completedFor,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  keeping,
  LEASE,
  newId,
  requestOf,
  retryingIn,
} from '../job-factories.js';
import { idsOf, recordsOf, start, statsOf, take } from '../looking.js';

export const pruneCases: readonly ContractCase[] = [
  {
    name: 'prune: deletes ended records whose time is over, however they ended, and no others',
    async run(context) {
      const { storage } = context;
      const [done, dead, stalled, kept] = [
        await start(storage),
        await start(storage),
        await start(storage, { policy: keeping({ dead: 100 }) }),
        await start(storage),
      ];
      const cancelled = jobOf({ policy: keeping({ cancelled: 100 }) });
      await storage.push([cancelled]);
      await storage.cancel([cancelled.id], '');
      await storage.complete([
        completionOf(done, completedFor(100)),
        completionOf(dead, deadFor(100)),
        completionOf(kept, completedFor(3_600_000)),
      ]);
      assert.equal(await storage.prune(10), 0);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 0);
      await context.advance(110);
      assert.equal(await storage.prune(10), 4);
      const records = await storage.info(idsOf([done, dead, stalled, cancelled, kept]));
      assert.deepEqual(
        records.map((record) => record?.id),
        [undefined, undefined, undefined, undefined, kept.id],
      );
      assert.equal((await statsOf(storage)).dead, 0);
    },
  },
  {
    name: 'prune: at most the limit at a time, until none is left',
    async run(context) {
      const { storage } = context;
      await storage.push(jobsOf(25));
      const taken = await take(storage, requestOf({ limit: 25 }));
      await storage.complete(taken.map((job) => completionOf(job, completedFor(0))));
      await context.advance(10);
      const steps = [];
      for (let step = 0; step < 4; step++) steps.push(await storage.prune(10));
      assert.deepEqual(steps, [10, 10, 5, 0]);
    },
  },
  {
    name: 'prune: never a job that has not ended, however old it is',
    hours: true,
    async run(context) {
      const { storage } = context;
      const policy = keeping({ completed: 1, dead: 1, cancelled: 1 });
      const [running, retrying] = [await start(storage, { policy }), await start(storage, { policy })];
      const [ready, scheduled] = [jobOf({ policy }), jobOf({ policy, due: { in: 1e9 } })];
      await storage.push([ready, scheduled]);
      await storage.complete([completionOf(retrying, retryingIn(1e9))]);
      const ids = idsOf([running, retrying, ready, scheduled]);
      const before = await recordsOf(storage, ids);
      await context.advance(200 * 3_600_000);
      assert.equal(await storage.prune(100), 0);
      assert.deepEqual(await recordsOf(storage, ids), before);
    },
  },
  {
    name: 'prune: an id whose record was pruned is new again',
    async run(context) {
      const { storage } = context;
      const job = jobOf({ id: newId(), policy: keeping({ cancelled: 0 }) });
      await storage.push([job]);
      await storage.cancel([job.id], '');
      await context.advance(10);
      assert.equal(await storage.prune(10), 1);
      assert.deepEqual(await storage.push([job]), [{ id: job.id, duplicate: false }]);
    },
  },
];
