import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import type { ContractContext } from '../contract-context.js';
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
import { recordOf, start, statsOf, take } from '../looking.js';

export const statsCases: readonly ContractCase[] = [
  {
    name: 'stats: each job counts where it stands, and all add up',
    async run({ storage }) {
      const leased = [];
      for (let count = 0; count < 5; count++) leased.push(await start(storage));
      const [done, dead, retrying] = leased;
      assert.ok(done && dead && retrying);
      const [scheduled, cancelled] = [jobOf({ due: { in: 60_000 } }), jobOf()];
      await storage.push([scheduled, cancelled, ...jobsOf(3)]);
      await storage.cancel([cancelled.id], '');
      await storage.complete([
        completionOf(done),
        completionOf(dead, deadFor()),
        completionOf(retrying, retryingIn(60_000)),
      ]);
      const stats = await statsOf(storage);
      const numbers = {
        ...{ queue: 'default', blocked: 0, ready: 3, scheduled: 1, running: 2, retrying: 1, dead: 1 },
        ...{ completed: 1, failed: 2 },
      };
      assert.deepEqual({ ...stats, ...numbers }, stats);
      const { since, oldestReadyAt } = stats;
      assert.ok(since > 0 && since <= (await storage.now()) && oldestReadyAt !== undefined);
    },
  },
  {
    name: 'stats: queues stand by name, each known once a job was pushed to it',
    async run({ storage }) {
      assert.deepEqual(await storage.stats(), []);
      await storage.push([jobOf({ queue: 'b' }), jobOf({ queue: 'a' }), jobOf({ queue: 'c' })]);
      await take(storage, requestOf({ queues: [{ queue: 'never pushed', limit: 1 }] }));
      assert.deepEqual(
        (await storage.stats()).map(({ queue }) => queue),
        ['a', 'b', 'c'],
      );
    },
  },
  {
    name: 'stats: a queue is known, and what it did is counted, when no record of it is left',
    async run({ storage }) {
      const leased = await start(storage);
      await storage.complete([completionOf(leased, completedFor(false))]);
      const stats = await statsOf(storage);
      assert.deepEqual(
        [stats.completed, stats.ready, stats.running, stats.oldestReadyAt],
        [1, 0, 0, undefined],
      );
    },
  },
  {
    name: 'stats: jobs whose time has come count as ready, and the oldest is the one due longest',
    async run(context) {
      const { storage } = context;
      const [scheduled, retrying] = [jobOf({ due: { in: 300 } }), await start(storage)];
      await storage.push([scheduled]);
      await storage.complete([completionOf(retrying, retryingIn(200))]);
      const first = await statsOf(storage);
      assert.deepEqual(
        [first.ready, first.scheduled, first.retrying, first.oldestReadyAt],
        [0, 1, 1, undefined],
      );
      await context.advance(310);
      const { ready, scheduled: later, retrying: failed, oldestReadyAt } = await statsOf(storage);
      assert.deepEqual([ready, later, failed], [2, 0, 0]);
      assert.equal(oldestReadyAt, (await recordOf(storage, retrying.id)).runAt);
    },
  },
  {
    name: 'stats: every failed run counts, no stall, snooze, release or cancel does',
    async run(context) {
      const { storage } = context;
      const [failing, snoozing, stalling] = [
        await start(storage),
        await start(storage),
        await start(storage),
      ];
      await storage.complete([
        completionOf(failing, retryingIn(0)),
        completionOf(snoozing, { state: 'scheduled', attempt: 0, stalls: 0, delay: 60_000 }),
      ]);
      const again = (await take(storage))[0];
      assert.ok(again && again.id === failing.id);
      await storage.complete([completionOf(again, deadFor())]);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 0);
      await storage.cancel([snoozing.id], '');
      const { failed, completed, dead } = await statsOf(storage);
      assert.deepEqual([failed, completed, dead], [2, 0, 2]);
      await storage.remove([failing.id, stalling.id]);
      assert.deepEqual([(await statsOf(storage)).dead, (await statsOf(storage)).failed], [0, 2]);
    },
  },
  {
    name: 'stats: what rivals do at the same time is all counted',
    async run(context) {
      const rivals = await context.rivals(4);
      await context.storage.push(jobsOf(120));
      await Promise.all(
        rivals.map(async (rival, index) => {
          const request = requestOf({ runner: `r${index}`, limit: 10 });
          for (let jobs = await take(rival, request); jobs.length > 0; jobs = await take(rival, request)) {
            await rival.complete(jobs.map((job, nth) => completionOf(job, nth % 2 ? COMPLETED : deadFor())));
          }
        }),
      );
      const { completed, failed, dead, ready, running } = await statsOf(context.storage);
      assert.deepEqual([completed + failed, dead, ready, running], [120, failed, 0, 0]);
    },
  },
  {
    name: 'stats: what ended of late is counted for the hour, the day and the month',
    async run(context) {
      if (await countsNoRecent(context)) return;
      const { storage } = context;
      const [done, failed] = [await start(storage), await start(storage)];
      await storage.complete([completionOf(done), completionOf(failed, retryingIn(60_000))]);
      const ended = { completed: 1, failed: 1 };
      assert.deepEqual((await statsOf(storage)).recent, { hour: ended, day: ended, month: ended });
    },
  },
  {
    name: 'stats: what ended leaves the hour, the day and the month as time goes by',
    hours: true,
    async run(context) {
      if (await countsNoRecent(context)) return;
      const { storage } = context;
      const hour = 3_600_000;
      await storage.complete([completionOf(await start(storage))]);
      const seen = async () => {
        const { recent } = await statsOf(storage);
        return [recent?.hour.completed, recent?.day.completed, recent?.month.completed];
      };
      await context.advance(0.9 * hour);
      assert.deepEqual(await seen(), [1, 1, 1]);
      await context.advance(0.3 * hour);
      assert.deepEqual(await seen(), [0, 1, 1]);
      await context.advance(25 * hour);
      assert.deepEqual(await seen(), [0, 0, 1]);
      await context.advance(31 * 24 * hour);
      assert.deepEqual(await seen(), [0, 0, 0]);
    },
  },
];

/** A storage may leave it out; then it always does. */
async function countsNoRecent(context: ContractContext): Promise<boolean> {
  const { storage } = context;
  await storage.push([jobOf({ queue: 'counted' })]);
  if ((await statsOf(storage, 'counted')).recent !== undefined) return false;
  await storage.complete([completionOf(await start(storage, { queue: 'ended' }))]);
  assert.equal((await statsOf(storage, 'ended')).recent, undefined);
  context.reason = `${storage.name} does not count what ended of late`;
  return true;
}
