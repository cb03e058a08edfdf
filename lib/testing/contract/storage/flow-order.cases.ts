import assert from 'node:assert/strict';
import { after } from '../after.js';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, keeping, requestFor } from '../job-factories.js';
import { assertBetween, idsOf, only, recordOf, start, stateOf, take } from '../looking.js';

/** Flows over time: what comes after what, and which of two ends stands. */
export const flowOrderCases: readonly ContractCase[] = [
  {
    name: 'flow: a delay that a blocked job is given begins when it is free; no other change touches it',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      const [put, kept] = [
        jobOf({ ...after('completed', first), queue: 'mail' }),
        jobOf({ ...after('completed', first), queue: 'mail', due: { in: 50 } }),
      ];
      await storage.push([first, put, kept]);
      await storage.change([put.id], { delay: 50 });
      await storage.change([kept.id], { priority: 1 });
      await context.advance(80);
      const before = await storage.now();
      await storage.complete([completionOf(only(await take(storage)))]);
      for (const { id } of [put, kept]) {
        const { state, runAt } = await recordOf(storage, id);
        assert.equal(state, 'scheduled');
        assertBetween(before + 50, runAt, (await storage.now()) + 50, 'runAt');
      }
    },
  },
  {
    name: 'flow: a time that is over when the job is free is that moment',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      const at = (await storage.now()) + 20;
      const second = jobOf({ ...after('completed', first), due: { at } });
      await storage.push([first, second]);
      await context.advance(80);
      const before = await storage.now();
      await storage.complete([completionOf(only(await take(storage)))]);
      assertBetween(before, (await recordOf(storage, second.id)).runAt, await storage.now(), 'runAt');
      assert.deepEqual(idsOf(await take(storage)), [second.id]);
    },
  },
  {
    name: 'flow: what is known of an end stays, though the job starts again and ends otherwise',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf({ ...after('ended', first), queue: 'mail' });
      await storage.push([first, second]);
      await storage.complete([completionOf(only(await take(storage)), deadFor())]);
      assert.deepEqual(await storage.retry([first.id]), [true]);
      await storage.complete([completionOf(only(await take(storage)))]);
      assert.equal(only(await take(storage, requestFor('mail'))).after?.[0]?.ended, 'dead');
    },
  },
  {
    name: 'flow: a job that comes under the id of one that is gone is not the one that others waited for',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('ended', first));
      await storage.push([first, second]);
      await storage.remove([first.id]);
      await storage.complete([completionOf(only(await take(storage)), deadFor())]);
      await start(storage, { id: first.id });
      await storage.complete([completionOf({ id: first.id, token: 1 }, deadFor())]);
      assert.deepEqual(await storage.retry([first.id, second.id]), [true, true]);
      assert.equal(await stateOf(storage, second.id), 'ready');
      assert.equal((await recordOf(storage, second.id)).after?.[0]?.ended, 'cancelled');
    },
  },
  {
    name: 'flow: of jobs that are acted on together the next sees what the end of one did',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('completed', first));
      const gone = jobOf({ ...after('completed', first), policy: keeping({ cancelled: false }) });
      await storage.push([first, second, gone]);
      const ids = idsOf([first, second, gone]);
      assert.deepEqual(await storage.cancel(ids, 'asked'), ['cancelled', 'ended', 'unknown']);
      assert.match((await recordOf(storage, second.id)).cancelReason ?? '', new RegExp(first.id));
      const again = [jobOf(), jobOf()] as const;
      const waiting = jobOf({ ...after('completed', again[0]), policy: keeping({ cancelled: false }) });
      await storage.push([...again, waiting]);
      assert.deepEqual(await storage.remove([again[0].id, waiting.id]), ['removed', 'unknown']);
    },
  },
  {
    name: 'flow: what waited in vain for a job that had ended before does so again once that has started again',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      await storage.push([first]);
      await storage.cancel([first.id], 'no');
      const second = jobOf(after('completed', first));
      await storage.push([first, second]);
      assert.equal(await stateOf(storage, second.id), 'cancelled');
      assert.deepEqual(await storage.retry([first.id, second.id]), [true, true]);
      assert.equal(await stateOf(storage, second.id), 'blocked');
      await storage.complete([completionOf(only(await take(storage)))]);
      assert.deepEqual(idsOf(await take(storage)), [second.id]);
    },
  },
];
