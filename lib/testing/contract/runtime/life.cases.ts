import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import {
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  newId,
  requestOf,
  retryingIn,
  scheduleOf,
} from '../job-factories.js';
import { idsOf, only, recordsOf, start, statsOf, take } from '../looking.js';

export const lifeCases: readonly ContractCase[] = [
  {
    name: 'life: used before it is opened or after it is closed, a storage says so',
    async run(context) {
      const storage = context.unopened();
      const uses = [
        () => storage.push([jobOf()]),
        () => storage.pop(requestOf()),
        () => storage.complete([], requestOf()),
        () => storage.info([newId()]),
        () => storage.stats(),
        () => storage.rescue(10, 3),
        () => storage.putSchedules([scheduleOf()]),
        () => storage.now(),
      ];
      for (const use of uses) await assert.rejects(use, { code: 'STORAGE_CLOSED' });
      await storage.open();
      for (const use of uses) await use();
      await storage.close();
      for (const use of uses) await assert.rejects(use, { code: 'STORAGE_CLOSED' });
    },
  },
  {
    name: 'life: opening again and at the same time, and closing again or before opening, do no harm',
    async run(context) {
      const storage = context.unopened();
      await storage.close();
      await Promise.all([storage.open(), storage.open(), storage.open()]);
      await storage.open();
      const job = jobOf();
      await storage.push([job]);
      await storage.open();
      assert.equal(only(await take(storage)).id, job.id);
      await Promise.all([storage.close(), storage.close()]);
      await storage.close();
    },
  },
  {
    name: 'life: several processes open new data at the same time, and all work on it',
    needs: 'shared',
    async run(context) {
      const storages = Array.from({ length: 4 }, () => context.unopened());
      await Promise.all(storages.map((storage) => storage.open()));
      const jobs = jobsOf(4);
      await Promise.all(storages.map((storage, nth) => storage.push(jobs.slice(nth, nth + 1))));
      for (const storage of storages) assert.equal((await statsOf(storage)).ready, 4);
    },
  },
  {
    name: 'life: its name and what it can do are known before it is opened, and do not change',
    async run(context) {
      const storage = context.unopened();
      const { name, capabilities } = storage;
      assert.ok(name.length > 0);
      const before = structuredClone(capabilities);
      await storage.open();
      assert.deepEqual([storage.name, structuredClone(storage.capabilities)], [name, before]);
    },
  },
  {
    name: 'life: its clock goes on, never back',
    async run(context) {
      const first = await context.storage.now();
      await context.advance(50);
      const second = await context.storage.now();
      assert.ok(Number.isFinite(first) && first > 1_600_000_000_000 && second >= first + 50);
    },
  },
  {
    name: 'life: what one process writes, others see as soon as it resolves',
    needs: 'shared',
    async run(context) {
      const [other] = await context.rivals(1);
      assert.ok(other);
      const jobs = jobsOf(3);
      await context.storage.push(jobs);
      assert.deepEqual(await other.info(idsOf(jobs)), await context.storage.info(idsOf(jobs)));
      const leased = only(await take(other, requestOf({ limit: 1, runner: 'there' })));
      assert.equal((await context.storage.info([leased.id]))[0]?.runner, 'there');
      assert.deepEqual(await context.storage.cancel([leased.id], 'x'), ['requested']);
      assert.deepEqual((await other.complete([completionOf(leased, retryingIn(0))])).results, ['recorded']);
      assert.equal((await context.storage.info([leased.id]))[0]?.state, 'cancelled');
    },
  },
  {
    name: 'durable: whatever was acknowledged is there after a restart, as it was',
    needs: 'durable',
    async run(context) {
      const before = context.storage;
      const [running, dead, retrying] = [await start(before), await start(before), await start(before)];
      const waiting = [
        jobOf({ queue: 'held' }),
        jobOf({ due: { in: 9_000 }, unique: { key: 'k', while: 'live' } }),
      ];
      await before.push(waiting);
      await before.complete([completionOf(dead, deadFor()), completionOf(retrying, retryingIn(60_000))]);
      await before.cancel([running.id], 'later');
      await before.pause('held', 'kept');
      await before.putSchedules([scheduleOf()]);
      const ids = idsOf([running, dead, retrying, ...waiting]);
      const kept = [await recordsOf(before, ids), await before.stats(), await before.schedules()];
      const after = await context.reopen();
      assert.deepEqual([await recordsOf(after, ids), await after.stats(), await after.schedules()], kept);
      assert.deepEqual((await after.complete([completionOf(running)])).results, ['recorded']);
      const [again] = await after.push([jobOf({ unique: { key: 'k', while: 'live' } })]);
      assert.equal(again?.id, waiting[1]?.id);
    },
  },
  {
    name: 'durable: arrival goes on behind what was there before a restart',
    needs: 'durable',
    async run(context) {
      const jobs = jobsOf(6);
      await context.storage.push(jobs.slice(0, 3));
      const storage = await context.reopen();
      await storage.push(jobs.slice(3));
      assert.deepEqual(idsOf((await storage.list({ limit: 10 })).jobs), idsOf(jobs).toReversed());
      assert.deepEqual(idsOf(await take(storage)), idsOf(jobs));
    },
  },
  {
    name: 'close: what was under way is finished or refused, and finished means kept',
    needs: 'durable',
    async run(context) {
      const jobs = jobsOf(50);
      const pushes = jobs.map((job) =>
        context.storage.push([job]).then(
          () => job.id,
          () => undefined,
        ),
      );
      const reopened = context.reopen();
      const acknowledged = (await Promise.all(pushes)).filter((id) => id !== undefined);
      await recordsOf(await reopened, acknowledged);
    },
  },
];
