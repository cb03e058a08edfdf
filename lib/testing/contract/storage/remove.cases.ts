import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, newId, requestFor, retryingIn } from '../job-factories.js';
import { idsOf, start, stateOf, statsOf, take, pairOf } from '../looking.js';
import { race } from '../race.js';

export const removeCases: readonly ContractCase[] = [
  {
    name: 'remove: deletes a record in any state but running',
    async run({ storage }) {
      const [running, done, dead, retrying] = [
        await start(storage),
        await start(storage),
        await start(storage),
        await start(storage),
      ];
      const [ready, scheduled, cancelled] = [jobOf({ queue: 'x' }), jobOf({ due: { in: 60_000 } }), jobOf()];
      await storage.push([ready, scheduled, cancelled]);
      await storage.cancel([cancelled.id], '');
      await storage.complete([
        completionOf(done),
        completionOf(dead, deadFor()),
        completionOf(retrying, retryingIn(0)),
      ]);
      const others = idsOf([done, dead, retrying, ready, scheduled, cancelled]);
      const answers = await storage.remove([running.id, ...others, newId()]);
      assert.deepEqual(answers, ['running', ...others.map(() => 'removed'), 'unknown']);
      assert.deepEqual(
        await storage.info(others),
        others.map(() => undefined),
      );
      assert.equal(await stateOf(storage, running.id), 'running');
      assert.deepEqual(await take(storage, requestFor('x', 'default')), []);
      assert.deepEqual(await storage.remove(others.slice(0, 1)), ['unknown']);
      assert.deepEqual(await storage.remove([]), []);
    },
  },
  {
    name: 'remove: a removed job leaves the numbers of its queue right',
    async run({ storage }) {
      const [ready, scheduled] = [jobOf(), jobOf({ due: { in: 60_000 } })];
      await storage.push([ready, scheduled]);
      await storage.remove([ready.id, scheduled.id]);
      const stats = await statsOf(storage);
      assert.deepEqual([stats.ready, stats.scheduled, stats.oldestReadyAt], [0, 0, undefined]);
    },
  },
  {
    name: 'remove: against a pop, the job is either removed or runs',
    async run(context) {
      const [operator, worker] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const job = jobOf();
        await context.storage.push([job]);
        const [[answer], [leased]] = await race(
          round,
          () => operator.remove([job.id]),
          () => take(worker),
        );
        assert.equal(answer, leased ? 'running' : 'removed', `round ${round}`);
        if (leased) assert.deepEqual((await worker.complete([completionOf(leased)])).results, ['recorded']);
      }
    },
  },
];
