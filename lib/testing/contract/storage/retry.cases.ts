import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, newId, requestFor, retryingIn } from '../job-factories.js';
import { assertBetween, only, recordOf, start, stateOf, statsOf, take } from '../looking.js';

export const retryCases: readonly ContractCase[] = [
  {
    name: 'retry: a dead job starts again, ready, counters at zero and failures kept',
    async run({ storage }) {
      const leased = await start(storage);
      await storage.complete([completionOf(leased, deadFor(60_000, 6))]);
      const before = await storage.now();
      assert.deepEqual(await storage.retry([leased.id]), [true]);
      const record = await recordOf(storage, leased.id);
      assert.deepEqual(
        [record.state, record.attempt, record.stalls, record.failures.length],
        ['ready', 0, 0, 1],
      );
      assert.deepEqual([record.reason, record.endedAt, record.leaseUntil], [undefined, undefined, undefined]);
      assert.ok(record.runAt <= (await storage.now()) && record.runAt <= before + 1_000);
      const again = only(await take(storage));
      assert.deepEqual([again.id, again.token, again.attempt, again.stalls], [leased.id, 2, 0, 0]);
      assert.deepEqual((await storage.complete([completionOf(again)])).results, ['recorded']);
    },
  },
  {
    name: 'retry: a cancelled job starts again, and the old wish to end it is forgotten',
    async run({ storage }) {
      const job = jobOf();
      await storage.push([job]);
      await storage.cancel([job.id], 'stop');
      assert.deepEqual(await storage.retry([job.id]), [true]);
      assert.equal((await recordOf(storage, job.id)).cancelReason, undefined);
      const leased = only(await take(storage));
      await storage.complete([completionOf(leased, retryingIn(60_000))]);
      assert.equal(await stateOf(storage, job.id), 'retrying');
    },
  },
  {
    name: 'retry: false in any other state, in the order of the ids, and nothing changes',
    async run({ storage }) {
      const [running, done, retrying, dead] = [
        await start(storage),
        await start(storage),
        await start(storage),
        await start(storage),
      ];
      const [ready, scheduled] = [jobOf({ queue: 'x' }), jobOf({ due: { in: 60_000 } })];
      await storage.push([ready, scheduled]);
      await storage.complete([
        completionOf(done),
        completionOf(retrying, retryingIn(60_000)),
        completionOf(dead, deadFor()),
      ]);
      const ids = [ready, scheduled, running, done, dead, retrying].map(({ id }) => id);
      const before = await storage.info(ids);
      assert.deepEqual(await storage.retry([...ids, newId()]), [
        false,
        false,
        false,
        false,
        true,
        false,
        false,
      ]);
      const after = await storage.info(ids);
      assert.deepEqual(after.toSpliced(4, 1), before.toSpliced(4, 1));
      assert.deepEqual(await storage.retry([]), []);
    },
  },
  {
    name: 'retry: a job that started again is not pruned by the time of its old end',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await storage.complete([completionOf(leased, deadFor(100))]);
      await storage.retry([leased.id]);
      await context.advance(200);
      assert.equal(await storage.prune(10), 0);
      assert.equal(only(await take(storage)).id, leased.id);
    },
  },
  {
    name: 'retry: of rivals that retry the same job one does, and it is taken once',
    async run(context) {
      const rivals = await context.rivals(3);
      for (let round = 0; round < 30; round++) {
        const leased = await start(context.storage);
        await context.storage.complete([completionOf(leased, deadFor())]);
        const answers = await Promise.all(rivals.map((rival) => rival.retry([leased.id])));
        assert.equal(answers.flat().filter(Boolean).length, 1, `round ${round}`);
        await context.storage.complete([completionOf(only(await take(context.storage)))]);
      }
    },
  },
  {
    name: 'retry: the failures of before and of after stand in one list',
    async run({ storage }) {
      const leased = await start(storage);
      await storage.complete([completionOf(leased, deadFor(60_000, 1))]);
      await storage.retry([leased.id]);
      const before = await storage.now();
      await storage.complete([completionOf(only(await take(storage)), retryingIn(60_000, 1, 'again'))]);
      const { failures } = await recordOf(storage, leased.id);
      assert.deepEqual(
        failures.map(({ attempt, message }) => [attempt, message]),
        [
          [1, 'It broke'],
          [1, 'again'],
        ],
      );
      assertBetween(before, failures[1]?.at, await storage.now(), 'the time of the failure');
    },
  },
  {
    name: 'retry: into another queue, which is then known, and with a delay, for which it is scheduled',
    async run(context) {
      const { storage } = context;
      const [moved, delayed] = [await start(storage), await start(storage)];
      await storage.complete([completionOf(moved, deadFor()), completionOf(delayed, deadFor())]);
      assert.deepEqual(await storage.retry([moved.id, newId()], { queue: 'mended' }), [true, false]);
      const before = await storage.now();
      assert.deepEqual(await storage.retry([delayed.id], { delay: 300 }), [true]);
      const { state, runAt, attempt, queue } = await recordOf(storage, delayed.id);
      assert.deepEqual([state, attempt, queue], ['scheduled', 0, 'default']);
      assertBetween(before + 300, runAt, (await storage.now()) + 300, 'runAt');
      const [here, there] = [await statsOf(storage), await statsOf(storage, 'mended')];
      assert.deepEqual([here.dead, here.scheduled, here.ready, there.ready], [0, 1, 0, 1]);
      const { jobs, nextIn } = await storage.pop(requestFor('default', 'mended'));
      assert.deepEqual([only(jobs).id, only(jobs).queue], [moved.id, 'mended']);
      assert.ok(nextIn !== undefined && nextIn <= 300);
      await context.advance(310);
      assert.equal(only(await take(storage)).id, delayed.id);
    },
  },
];
