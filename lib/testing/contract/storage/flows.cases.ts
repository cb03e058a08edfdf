import assert from 'node:assert/strict';
import type { NewJob } from '../../../storage/new-job.js';
import type { Storage } from '../../../storage/storage.js';
import { after } from '../after.js';
import type { ContractCase } from '../contract-case.js';
import {
  COMPLETED,
  completedFor,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  LEASE,
  requestOf,
  retryingIn,
} from '../job-factories.js';
import { idsOf, only, recordOf, stateOf, statsOf, take } from '../looking.js';

/** Takes the one job that is ready and ends it. */
async function endNext(storage: Storage, settlement = COMPLETED): Promise<string> {
  const job = only(await take(storage));
  await storage.complete([completionOf(job, settlement)]);
  return job.id;
}

export const flowsCases: readonly ContractCase[] = [
  {
    name: 'flow: a job is blocked until all that it needs have completed, and then knows their results',
    needs: 'flows',
    async run({ storage }) {
      const [a, b] = [jobOf(), jobOf()];
      const last = jobOf(after('completed', a, b));
      await storage.push([last, a, b]);
      const record = await recordOf(storage, last.id);
      assert.deepEqual([record.state, record.flow, record.after], ['blocked', 'flow', last.after]);
      const { blocked, ready } = await statsOf(storage);
      assert.deepEqual([blocked, ready], [1, 2]);
      const [first, second] = await take(storage);
      assert.ok(first && second);
      await storage.complete([completionOf(first, { ...COMPLETED, result: '"one"' } as never)]);
      assert.equal(await stateOf(storage, last.id), 'blocked');
      await storage.complete([completionOf(second, completedFor(false))]);
      const freed = only(await take(storage));
      assert.deepEqual(
        [freed.id, freed.flow, freed.after],
        [
          last.id,
          'flow',
          [
            { id: a.id, needs: 'completed', ended: 'completed', result: '"one"' },
            { id: b.id, needs: 'completed', ended: 'completed' },
          ],
        ],
      );
    },
  },
  {
    name: 'flow: what can no longer have what it needs is cancelled, and so is what needs that',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('completed', first));
      const third = jobOf(after('completed', second));
      const any = jobOf(after('ended', second));
      await storage.push([first, second, third, any]);
      await endNext(storage, deadFor());
      const [two, three] = [await recordOf(storage, second.id), await recordOf(storage, third.id)];
      assert.deepEqual([two.state, three.state], ['cancelled', 'cancelled']);
      assert.match(two.cancelReason ?? '', new RegExp(`${first.id}.*dead`));
      assert.match(three.cancelReason ?? '', new RegExp(`${second.id}.*cancelled`));
      const freed = only(await take(storage));
      assert.deepEqual([freed.id, freed.after?.[0]?.ended], [any.id, 'cancelled']);
    },
  },
  {
    name: 'flow: a job that needs ends runs when all have ended, however',
    needs: 'flows',
    async run({ storage }) {
      const jobs = jobsOf(3);
      const last = jobOf(after('ended', ...jobs));
      await storage.push([...jobs, last]);
      const [a, b] = await take(storage, requestOf({ limit: 2 }));
      assert.ok(a && b);
      await storage.complete([completionOf(a), completionOf(b, deadFor(false))]);
      assert.equal(await stateOf(storage, last.id), 'blocked');
      await storage.cancel([jobs[2]?.id ?? ''], 'no');
      const freed = only(await take(storage));
      assert.deepEqual(
        freed.after?.map(({ ended }) => ended),
        ['completed', 'dead', 'cancelled'],
      );
    },
  },
  {
    name: 'flow: a job that needs a death runs with the first, and is cancelled when there was none',
    needs: 'flows',
    async run({ storage }) {
      const jobs = jobsOf(2);
      const [alarm, useless] = [jobOf(after('dead', ...jobs)), jobOf(after('dead', jobs[0] as NewJob))];
      await storage.push([...jobs, alarm, useless]);
      const [a, b] = await take(storage);
      assert.ok(a && b);
      await storage.complete([completionOf(a)]);
      assert.equal(await stateOf(storage, useless.id), 'cancelled');
      assert.equal(await stateOf(storage, alarm.id), 'blocked');
      await storage.complete([completionOf(b, deadFor())]);
      assert.equal(only(await take(storage)).id, alarm.id);
    },
  },
  {
    name: 'flow: a delay counts from when the job is free, a time stays',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      const at = (await storage.now()) + 60_000;
      const [delayed, timed] = [
        jobOf({ ...after('completed', first), due: { in: 50 } }),
        jobOf({ ...after('completed', first), due: { at } }),
      ];
      await storage.push([first, delayed, timed]);
      await context.advance(80);
      const before = await storage.now();
      await endNext(storage);
      const record = await recordOf(storage, delayed.id);
      assert.ok(record.state === 'scheduled' && record.runAt >= before + 50, record.state);
      assert.equal((await recordOf(storage, timed.id)).runAt, at);
      await context.advance(70);
      assert.deepEqual(idsOf(await take(storage)), [delayed.id]);
    },
  },
  {
    name: 'flow: retries, snoozes, releases and stalls of what is needed end nothing',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const first = jobOf();
      const second = jobOf(after('ended', first));
      await storage.push([first, second]);
      await storage.complete([completionOf(only(await take(storage)), retryingIn(0))]);
      await storage.release([only(await take(storage))]);
      await take(storage);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 3);
      assert.equal(await stateOf(storage, second.id), 'blocked');
      await take(storage);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 0);
      assert.equal(only(await take(storage)).id, second.id);
    },
  },
  {
    name: 'flow: to remove or cancel what waits ends it for those who wait for it',
    needs: 'flows',
    async run({ storage }) {
      const [removed, cancelled] = [jobOf(), jobOf()];
      const [one, other] = [jobOf(after('ended', removed)), jobOf(after('completed', cancelled))];
      const middle = jobOf(after('completed', other));
      await storage.push([removed, cancelled, one, other, middle]);
      await storage.remove([removed.id]);
      assert.equal(await stateOf(storage, one.id), 'ready');
      assert.deepEqual(await storage.cancel([other.id], 'not needed'), ['cancelled']);
      assert.equal(await stateOf(storage, middle.id), 'cancelled');
      await storage.cancel([cancelled.id], 'no');
      assert.equal((await recordOf(storage, other.id)).cancelReason, 'not needed');
      assert.equal((await statsOf(storage)).blocked, 0);
    },
  },
  {
    name: 'flow: what expires is dead for those who wait for it',
    needs: 'flows',
    async run(context) {
      const { storage } = context;
      const first = jobOf({ expiresIn: 20 });
      const second = jobOf(after('dead', first));
      await storage.push([first, second]);
      await context.advance(30);
      await storage.rescue(10, 3);
      assert.equal(only(await take(storage)).id, second.id);
    },
  },
  {
    name: 'flow: its jobs are listed by it, and a blocked one can be changed',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf({ flow: 'flow' });
      const second = jobOf({ ...after('completed', first) });
      await storage.push([first, second, jobOf({ queue: 'third' })]);
      assert.deepEqual(idsOf((await storage.list({ flow: 'flow', limit: 10 })).jobs), idsOf([second, first]));
      assert.deepEqual(idsOf((await storage.list({ state: 'blocked', limit: 10 })).jobs), [second.id]);
      assert.deepEqual(await storage.change([second.id], { queue: 'other', priority: 3 }), [true]);
      await endNext(storage);
      const [freed] = await take(storage, requestOf({ queues: [{ queue: 'other', limit: 1 }] }));
      assert.deepEqual([freed?.id, freed?.priority], [second.id, 3]);
    },
  },
  {
    name: 'flow: refused where it waits for what is not pushed along',
    needs: 'flows',
    async run({ storage }) {
      const elsewhere = jobOf();
      await storage.push([elsewhere]);
      await assert.rejects(storage.push([jobOf(after('completed', elsewhere))]), { code: 'INVALID_OPTION' });
    },
  },
];
