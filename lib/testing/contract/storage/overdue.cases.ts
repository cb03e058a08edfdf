import assert from 'node:assert/strict';
import { after } from '../after.js';
import type { ContractCase } from '../contract-case.js';
import { completionOf, deadFor, jobOf, jobsOf } from '../job-factories.js';
import { idsOf, only, pairOf, recordOf, start, stateOf, statsOf, take } from '../looking.js';

const SOON = 25;
const LATER = 30;

/** What nobody took in time, until a sweep ends it. */
export const overdueCases: readonly ContractCase[] = [
  {
    name: 'expiry: what is too late is counted as readers see it until it is swept up',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const [late, later] = [jobOf({ expiresIn: SOON }), jobOf({ expiresIn: SOON, due: { in: 60_000 } })];
      await storage.push([late, later]);
      const { runAt } = await recordOf(storage, late.id);
      await context.advance(LATER);
      for (let look = 0; look < 2; look++) {
        assert.deepEqual(
          [await stateOf(storage, late.id), await stateOf(storage, later.id)],
          ['ready', 'scheduled'],
        );
        const { ready, scheduled, oldestReadyAt } = await statsOf(storage);
        assert.deepEqual([ready, scheduled, oldestReadyAt], [1, 1, runAt]);
        // A claim that meets it may put it elsewhere: that is nobody else's business.
        assert.deepEqual(await take(storage), []);
      }
      await storage.change([later.id], { delay: 0 });
      assert.equal((await statsOf(storage)).ready, 2);
      await storage.rescue(10, 3);
      const { ready, scheduled, oldestReadyAt } = await statsOf(storage);
      assert.deepEqual([ready, scheduled, oldestReadyAt], [0, 0, undefined]);
    },
  },
  {
    name: 'expiry: what is too late waits in its group until it is swept up',
    needs: ['expiry', 'groups'],
    async run(context) {
      const { storage } = context;
      await storage.push([jobOf({ group: 'a', expiresIn: SOON })]);
      await context.advance(LATER);
      assert.deepEqual(await take(storage), []);
      assert.equal((await storage.group('default', 'a'))?.waiting, 1);
      await storage.rescue(10, 3);
      assert.equal(await storage.group('default', 'a'), undefined);
    },
  },
  {
    name: 'expiry: of two that are too late the one that the end of the other cancels is not ended again',
    needs: ['expiry', 'flows'],
    async run(context) {
      const { storage } = context;
      const first = jobOf({ expiresIn: 15 });
      const second = jobOf({ ...after('completed', first), expiresIn: SOON });
      const last = jobOf(after('ended', second));
      await storage.push([first, second, last]);
      await context.advance(LATER);
      const ended = idsOf(await storage.rescue(10, 3));
      const { state, reason } = await recordOf(storage, second.id);
      assert.deepEqual(
        [state, reason],
        ended.includes(second.id) ? ['dead', 'expired'] : ['cancelled', undefined],
      );
      assert.equal(only(await take(storage)).after?.[0]?.ended, state);
    },
  },
  {
    name: 'replace: what is too late takes nothing over, and has its key until it is swept up',
    needs: ['expiry', 'replacing'],
    async run(context) {
      const [storage, other] = await pairOf(context);
      const unique = { key: 'k', while: 'live', replace: ['payload', 'due'] } as const;
      const late = jobOf({ unique, expiresIn: SOON });
      await storage.push([late]);
      await context.advance(LATER);
      for (let look = 0; look < 2; look++) {
        assert.deepEqual(await storage.push([jobOf({ unique, payload: '1' })]), [
          { id: late.id, duplicate: true },
        ]);
        assert.deepEqual(await take(other), []);
      }
      assert.equal((await recordOf(storage, late.id)).payload, '{}');
      await storage.rescue(10, 3);
      assert.equal(only(await storage.push([jobOf({ unique })])).duplicate, false);
    },
  },
  {
    name: 'replace: a job that holds its key for a time takes over like any other that waits',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const timed = jobOf({ unique: { key: 'k', while: { for: 60_000 } } });
      await storage.push([timed]);
      const unique = { key: 'k', while: 'live', replace: ['payload'] } as const;
      const replaced = [{ id: timed.id, duplicate: true, replaced: true }];
      assert.deepEqual(await storage.push([jobOf({ unique, payload: '1' })]), replaced);
      assert.equal(only(await take(storage)).payload, '1');
      assert.deepEqual(await storage.push([jobOf({ unique })]), [{ id: timed.id, duplicate: true }]);
      await storage.complete([completionOf({ id: timed.id, token: 1 }, deadFor())]);
      await storage.retry([timed.id]);
      assert.deepEqual(await storage.push([jobOf({ unique, payload: '2' })]), replaced);
      // The key outlives the job, and is not that of another which has its id.
      await storage.remove([timed.id]);
      await storage.push([jobOf({ id: timed.id })]);
      assert.deepEqual(await storage.push([jobOf({ unique, payload: '3' })]), [
        { id: timed.id, duplicate: true },
      ]);
      assert.equal(only(await take(storage)).payload, '{}');
    },
  },
  {
    name: 'unique: a job that starts again does not have a key that is held for a time by another',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const live = { key: 'k', while: 'live' } as const;
      const ended = await start(storage, { unique: live });
      await storage.complete([completionOf(ended, deadFor())]);
      const timed = jobOf({ unique: { key: 'k', while: { for: 50 } } });
      await storage.push([timed]);
      await storage.cancel([timed.id], '');
      assert.deepEqual(await storage.retry([ended.id]), [true]);
      await context.advance(60);
      const next = jobOf({ unique: live });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
    },
  },
  {
    name: 'order: the job that waited longest is told of, wherever it stands',
    needs: 'order',
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      await storage.push([first]);
      const { runAt } = await recordOf(storage, first.id);
      for (const over of [{ order: { ageing: 500 }, priority: -1 }, { order: 'lifo' }] as const) {
        await context.advance(10);
        await storage.push([jobOf(over), jobOf({ ...over, due: { in: 5 } })]);
        assert.equal((await statsOf(storage)).oldestReadyAt, runAt);
      }
      await context.advance(10);
      await storage.change([first.id], { queue: 'other' });
      assert.equal((await statsOf(storage)).oldestReadyAt, runAt + 10);
      await take(storage);
      await storage.push(jobsOf(2, { order: 'lifo' }));
      const { oldestReadyAt = 0 } = await statsOf(storage);
      assert.ok(oldestReadyAt >= runAt + 30, `${oldestReadyAt}`);
    },
  },
];
