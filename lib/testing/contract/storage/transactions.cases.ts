import assert from 'node:assert/strict';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import type { ContractContext } from '../contract-context.js';
import { completedFor, completionOf, jobOf, jobsOf, LEASE, retryingIn } from '../job-factories.js';
import { idsOf, only, recordOf, start, stateOf, take } from '../looking.js';

const RESULT = { state: 'completed', attempt: 0, stalls: 0, result: '"done"', keep: 3_600_000 } as const;

export const transactionsCases: readonly ContractCase[] = [
  {
    name: 'push: a transaction is refused by a storage that can join none, and nothing is stored',
    lacks: 'transactions',
    async run({ storage }) {
      const job = jobOf();
      await assert.rejects(storage.push([job], {}), { code: 'UNSUPPORTED' });
      assert.deepEqual(await storage.info([job.id]), [undefined]);
    },
  },
  {
    name: "push: in a transaction of the caller's, jobs are there once it commits and never when it rolls back",
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const [kept, dropped] = [jobsOf(3), jobsOf(3, { queue: 'new', name: 'new' })];
      const pushed = await committed(context, (handle) => storage.push(kept, handle));
      assert.deepEqual(
        pushed,
        kept.map(({ id }) => ({ id, duplicate: false })),
      );
      await rolledBack(context, (handle) => storage.push(dropped, handle));
      assert.deepEqual(await storage.info(idsOf(dropped)), [undefined, undefined, undefined]);
      assert.deepEqual(idsOf(await take(storage)), idsOf(kept));
      assert.ok((await storage.push(dropped)).every(({ duplicate }) => !duplicate));
    },
  },
  {
    name: 'push: nobody else sees a job, or gets it, before its transaction commits',
    needs: 'transactions',
    async run(context) {
      const rival = only(await context.rivals(1));
      const job = jobOf();
      const transaction = await context.transaction();
      await context.storage.push([job], transaction.handle);
      const seen = [await rival.info([job.id]), await take(rival)];
      await transaction.commit();
      assert.deepEqual(seen, [[undefined], []]);
      assert.deepEqual(idsOf(await take(rival)), [job.id]);
    },
  },
  {
    name: 'push: in a transaction, an id that is known and a unique key that is held are duplicates',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const unique = { key: 'only', while: 'live' } as const;
      const [there, held] = [jobOf(), jobOf({ unique })];
      await storage.push([there]);
      const pushed = await committed(context, async (handle) => [
        ...(await storage.push([held], handle)),
        ...(await storage.push([there, jobOf({ unique })], handle)),
      ]);
      assert.deepEqual(pushed, [
        { id: held.id, duplicate: false },
        { id: there.id, duplicate: true },
        { id: held.id, duplicate: true },
      ]);
    },
  },
  {
    name: 'push: jobs of a transaction are announced to this process and to others after it commits',
    needs: 'transactions',
    async run(context) {
      const listeners = [context.storage, ...(await context.rivals(1))];
      const heard = listeners.map(() => 0);
      const transaction = await context.transaction();
      await context.storage.push([jobOf({ queue: 'loud' })], transaction.handle);
      listeners.forEach((storage, index) =>
        storage.subscribe(
          ({ kind }) => void (heard[index] = (heard[index] ?? 0) + (kind === 'ready' ? 1 : 0)),
        ),
      );
      await transaction.commit();
      await context.eventually(() => heard.every((count) => count > 0), 'the signal ready');
    },
  },
  {
    name: 'push: jobs after a transaction that was rolled back go where they belong',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      for (let round = 0; round < 30; round++) {
        const names = { queue: `q${round}`, name: `n${round}` };
        const [joined, alone] = [jobOf(names), jobOf(names)];
        const join = () => committed(context, (handle) => storage.push([joined], handle));
        const push = () => storage.push([alone]);
        await rolledBack(context, (handle) => storage.push([jobOf(names)], handle));
        for (const step of round % 2 === 0 ? [join, push] : [push, join]) await step();
        const request = { runner: 'r', lease: LEASE, names: [names.name] };
        const popped = await storage.pop({ ...request, queues: [{ queue: names.queue, limit: 10 }] });
        assert.deepEqual(idsOf(popped.jobs).toSorted(), [joined.id, alone.id].toSorted(), `round ${round}`);
      }
    },
  },
  {
    name: 'push: what is no transaction, and one that is over, are refused, and nothing is stored',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const over = await context.transaction();
      await over.commit();
      const job = jobOf();
      for (const value of [{}, 'begin', over.handle]) {
        await assert.rejects(storage.push([job], value), { code: 'INVALID_TRANSACTION' });
      }
      assert.deepEqual(await storage.info([job.id]), [undefined]);
    },
  },
  {
    name: 'complete: a transaction is refused by a storage that can join none, and the job runs on',
    lacks: 'transactions',
    async run({ storage }) {
      const leased = await start(storage);
      await assert.rejects(storage.complete([completionOf(leased)], undefined, {}), { code: 'UNSUPPORTED' });
      assert.equal(await stateOf(storage, leased.id), 'running');
    },
  },
  {
    name: "complete: in a transaction of the caller's, an end stands once it commits and not when it rolls back",
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      const end = completionOf(leased, RESULT);
      const complete = (handle: unknown) => storage.complete([end], undefined, handle);
      assert.deepEqual((await rolledBack(context, complete)).results, ['recorded']);
      const running = await recordOf(storage, leased.id);
      assert.deepEqual([running.state, running.token, running.result], ['running', 1, undefined]);
      assert.deepEqual((await committed(context, complete)).results, ['recorded']);
      const record = await recordOf(storage, leased.id);
      assert.deepEqual([record.state, record.token, record.result], ['completed', 1, '"done"']);
    },
  },
  {
    name: 'complete: repeating an end that a transaction committed answers the same, and no other end takes its place',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await committed(context, (handle) =>
        storage.complete([completionOf(leased, RESULT)], undefined, handle),
      );
      for (const settlement of [RESULT, completedFor(1_000), retryingIn(0)]) {
        assert.deepEqual((await storage.complete([completionOf(leased, settlement)])).results, ['recorded']);
        const record = await recordOf(storage, leased.id);
        assert.deepEqual([record.state, record.result, record.attempt], ['completed', '"done"', 0]);
      }
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'complete: after a rollback the run may end in any other way',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await rolledBack(context, (handle) =>
        storage.complete([completionOf(leased, RESULT)], undefined, handle),
      );
      assert.deepEqual((await storage.complete([completionOf(leased, retryingIn(0))])).results, ['recorded']);
      const again = only(await take(storage));
      assert.deepEqual([again.id, again.token, again.attempt], [leased.id, 2, 1]);
    },
  },
  {
    name: 'complete: in a transaction, a lease that is lost changes nothing and says so',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      for (const keep of [1_000, false] as const) {
        const leased = await start(storage);
        await context.advance(LEASE + 10);
        await storage.rescue(10, 3);
        const complete = (handle: unknown) =>
          storage.complete([completionOf(leased, completedFor(keep))], undefined, handle);
        assert.deepEqual((await committed(context, complete)).results, ['lost']);
        const next = only(await take(storage));
        assert.deepEqual([next.id, next.token], [leased.id, 2]);
        assert.deepEqual((await committed(context, complete)).results, ['lost']);
        assert.equal(await stateOf(storage, leased.id), 'running');
        await storage.complete([completionOf(next)]);
      }
    },
  },
  {
    name: 'complete: an end and new jobs in one transaction are there together or not at all',
    needs: 'transactions',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      const next = jobOf();
      const step = async (handle: unknown) => {
        await storage.push([next], handle);
        await storage.complete([completionOf(leased, completedFor(false))], undefined, handle);
      };
      await rolledBack(context, step);
      assert.deepEqual(await presence(storage, leased.id, next.id), ['running', undefined]);
      await committed(context, step);
      assert.deepEqual(await presence(storage, leased.id, next.id), [undefined, 'ready']);
      const [stats] = await storage.stats();
      assert.deepEqual([stats?.completed, stats?.running], [1, 0]);
    },
  },
];

async function committed<T>(context: ContractContext, work: (handle: unknown) => Promise<T>): Promise<T> {
  const transaction = await context.transaction();
  const result = await work(transaction.handle);
  await transaction.commit();
  return result;
}

async function rolledBack<T>(context: ContractContext, work: (handle: unknown) => Promise<T>): Promise<T> {
  const transaction = await context.transaction();
  const result = await work(transaction.handle);
  await transaction.rollback();
  return result;
}

async function presence(storage: Storage, ...ids: string[]) {
  return (await storage.info(ids)).map((record) => record?.state);
}
