import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  keeping,
  requestFor,
  requestOf,
  retryingIn,
} from '../job-factories.js';
import { assertBetween, idsOf, only, pairOf, recordOf, start, stateOf, statsOf, take } from '../looking.js';
import { race } from '../race.js';

const SOON = 20;
const LATER = 30;

export const expiryCases: readonly ContractCase[] = [
  {
    name: 'expiry: a job that nobody took in time is taken by nobody, and the sweep ends it as dead',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const [late, other] = [jobOf({ expiresIn: 50, priority: -1 }), jobOf()];
      await storage.push([late, other]);
      const { expiresAt, enqueuedAt } = await recordOf(storage, late.id);
      assert.equal(expiresAt, enqueuedAt + 50);
      await context.advance(60);
      assert.deepEqual(idsOf(await take(storage)), [other.id]);
      assert.deepEqual(await storage.rescue(10, 3), [
        { id: late.id, name: 'noop', queue: 'default', stalls: 0, state: 'dead', reason: 'expired' },
      ]);
      const record = await recordOf(storage, late.id);
      assert.deepEqual([record.state, record.reason, record.attempt], ['dead', 'expired', 0]);
      const { dead, failed, ready } = await statsOf(storage);
      assert.deepEqual([dead, failed, ready], [1, 0, 0]);
      assert.deepEqual(await storage.rescue(10, 3), []);
    },
  },
  {
    name: 'expiry: once taken a job has no time to be taken in any more, whatever becomes of its run',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage, { expiresIn: 50 });
      assert.equal((await recordOf(storage, leased.id)).expiresAt, undefined);
      await storage.complete([completionOf(leased, retryingIn(0))]);
      await context.advance(60);
      assert.deepEqual(await storage.rescue(10, 3), []);
      assert.deepEqual(idsOf(await take(storage)), [leased.id]);
    },
  },
  {
    name: 'expiry: jobs expire while they wait for their time, in bounded numbers, and as their policy keeps them',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const policy = keeping({ dead: false });
      const jobs = jobsOf(5, { expiresIn: 20, due: { in: 60_000 }, policy });
      await storage.push([...jobs, jobOf({ due: { in: 60_000 } })]);
      await context.advance(30);
      assert.equal((await storage.rescue(2, 3)).length, 2);
      assert.equal((await storage.rescue(10, 3)).length, 3);
      assert.deepEqual(
        await storage.info(idsOf(jobs)),
        jobs.map(() => undefined),
      );
      assert.equal((await statsOf(storage)).scheduled, 1);
    },
  },
  {
    name: 'expiry: a job that expired can be cancelled, removed or started again like any other',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const [cancelled, removed, again] = jobsOf(3, { expiresIn: 20 });
      assert.ok(cancelled && removed && again);
      await storage.push([cancelled, removed, again]);
      await context.advance(30);
      assert.deepEqual(await take(storage), []);
      assert.deepEqual(await storage.cancel([cancelled.id], 'no'), ['cancelled']);
      assert.deepEqual(await storage.remove([removed.id]), ['removed']);
      assert.deepEqual(idsOf(await storage.rescue(10, 3)), [again.id]);
      assert.deepEqual(await storage.retry([again.id]), [true]);
      await context.advance(30);
      assert.deepEqual(idsOf(await take(storage)), [again.id]);
      assert.equal(await stateOf(storage, cancelled.id), 'cancelled');
    },
  },
  {
    name: 'expiry: an expiring job is either taken or ended, never both',
    needs: 'expiry',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const job = jobOf({ expiresIn: 5 });
        await one.push([job]);
        await context.advance(round % 2 === 0 ? 5 : 4);
        const [taken, ended] = await race(
          round,
          () => take(one),
          () => other.rescue(10, 3),
        );
        assert.ok(taken.length + ended.length <= 1, `round ${round}`);
        const [held] = taken;
        if (held) {
          assert.deepEqual((await one.heartbeat(beatOf([held]))).lost, []);
          await one.complete([completionOf(held)]);
        } else {
          await context.advance(10);
          await other.rescue(10, 3);
          assert.equal(only(await one.info([job.id]))?.reason, 'expired');
        }
      }
    },
  },
  {
    name: 'expiry: many that expired do not stand in the way of those that can run',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      await storage.push(jobsOf(500, { expiresIn: 10, priority: -1 }));
      const job = jobOf();
      await storage.push([job]);
      await context.advance(20);
      const taken: string[] = [];
      for (let turn = 0; turn < 10 && taken.length === 0; turn++) {
        taken.push(...idsOf(await take(storage, requestOf({ limit: 1 }))));
      }
      assert.deepEqual(taken, [job.id]);
    },
  },
  {
    name: 'expiry: what is too late stays so when it is put off, moved or given another priority',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const late = jobsOf(3, { expiresIn: SOON });
      const [moved, raised, delayed] = late;
      assert.ok(moved && raised && delayed);
      await storage.push(late);
      await context.advance(LATER);
      assert.deepEqual(await take(storage), []);
      await storage.change([moved.id], { queue: 'other' });
      await storage.change([raised.id], { priority: -1 });
      await storage.change([delayed.id], { delay: 10 });
      await context.advance(20);
      assert.deepEqual(await take(storage, requestFor('default', 'other')), []);
      assert.deepEqual(idsOf(await storage.rescue(10, 3)).toSorted(), idsOf(late).toSorted());
      assert.deepEqual(await take(storage, requestFor('default', 'other')), []);
    },
  },
  {
    name: 'expiry: frees the unique key of the job',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      for (const until of ['live', 'waiting'] as const) {
        const unique = { key: until, while: until };
        await storage.push([jobOf({ expiresIn: SOON, unique })]);
        await context.advance(LATER);
        await storage.rescue(10, 3);
        const next = jobOf({ unique });
        assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
      }
    },
  },
  {
    name: 'expiry: rivals that sweep end each job once, and never more than they were asked for',
    needs: 'expiry',
    async run(context) {
      const rivals = await context.rivals(4);
      const jobs = jobsOf(40, { expiresIn: SOON });
      await context.storage.push(jobs);
      await context.advance(LATER);
      const swept: string[] = [];
      for (let round = 0; round < 40 && swept.length < jobs.length; round++) {
        const answers = await Promise.all(rivals.map((rival) => rival.rescue(3, 3)));
        for (const rescued of answers) assert.ok(rescued.length <= 3, `${rescued.length} were swept`);
        swept.push(...idsOf(answers.flat()));
      }
      assert.deepEqual(swept.toSorted(), idsOf(jobs).toSorted());
      assert.equal((await statsOf(context.storage)).dead, 40);
    },
  },
  {
    name: 'expiry: the sweep ends what is too late, whatever it waits for: dead, expired, and not counted as failed',
    needs: 'expiry',
    async run(context) {
      const { storage } = context;
      const late = [
        jobOf({ expiresIn: SOON }),
        jobOf({ expiresIn: SOON, due: { in: 60_000 } }),
        jobOf({ expiresIn: SOON, queue: 'paused' }),
        jobOf({ expiresIn: SOON, name: 'unknown' }),
      ];
      await storage.push([...late, jobOf({ expiresIn: 60_000 }), jobOf()]);
      await storage.pause('paused', '');
      assert.deepEqual(await storage.rescue(10, 3), []);
      await context.advance(LATER);
      const before = await storage.now();
      const ended = { stalls: 0, state: 'dead', reason: 'expired' };
      assert.deepEqual(
        (await storage.rescue(10, 3)).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        late.map(({ id, name, queue }) => ({ id, name, queue, ...ended })),
      );
      assert.deepEqual(await storage.rescue(10, 3), []);
      for (const { id } of late) {
        const { state, reason, endedAt, failures, token } = await recordOf(storage, id);
        assert.deepEqual([state, reason, failures, token], ['dead', 'expired', [], 0]);
        assertBetween(before, endedAt, await storage.now(), 'endedAt');
      }
      const { dead, failed, ready, scheduled } = await statsOf(storage);
      assert.deepEqual([dead, failed, ready, scheduled], [3, 0, 2, 0]);
      assert.equal((await take(storage)).length, 2);
    },
  },
];
