import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { completionOf, jobOf, jobsOf, requestOf, retryingIn } from '../job-factories.js';
import { idsOf, only, recordOf, take } from '../looking.js';

export const orderCases: readonly ContractCase[] = [
  {
    name: 'order: lifo goes before all others of its priority, the newest first',
    needs: 'order',
    async run({ storage }) {
      const [first, second] = jobsOf(2);
      const [older, newer] = jobsOf(2, { order: 'lifo' });
      const urgent = jobOf({ priority: -1 });
      assert.ok(first && second && older && newer);
      for (const job of [first, older, second, newer, urgent]) await storage.push([job]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([urgent, newer, older, first, second]));
      assert.equal((await recordOf(storage, newer.id)).priority, 0);
    },
  },
  {
    name: 'order: lifo holds through a delay and a retry, by arrival',
    needs: 'order',
    async run(context) {
      const { storage } = context;
      const [older, newer] = jobsOf(2, { order: 'lifo', due: { in: 30 } });
      assert.ok(older && newer);
      await storage.push([older]);
      await storage.push([newer]);
      await context.advance(40);
      await storage.push([jobOf()]);
      const [held] = await take(storage, requestOf({ limit: 1 }));
      assert.equal(held?.id, newer.id);
      await storage.complete([completionOf(held, retryingIn(0))]);
      assert.deepEqual(idsOf(await take(storage, requestOf({ limit: 2 }))), idsOf([newer, older]));
    },
  },
  {
    name: 'order: with ageing a job of low priority is overtaken only by those that come in time',
    needs: 'order',
    async run(context) {
      const { storage } = context;
      const ageing = { order: { ageing: 50 } } as const;
      const low = jobOf({ ...ageing, priority: 1 });
      await storage.push([low]);
      await context.advance(10);
      const soon = jobOf(ageing);
      await storage.push([soon]);
      await context.advance(60);
      const late = jobOf(ageing);
      await storage.push([late]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([soon, low, late]));
      const record = await recordOf(storage, low.id);
      assert.deepEqual([record.priority, record.runAt], [1, record.enqueuedAt]);
    },
  },
  {
    name: 'order: another priority gives a job another place, in each order',
    needs: 'order',
    async run({ storage }) {
      const jobs = [jobOf({ order: 'lifo' }), jobOf(), jobOf({ order: { ageing: 1_000 } })];
      const [lifo, plain, aged] = jobs;
      assert.ok(lifo && plain && aged);
      await storage.push(jobs);
      assert.deepEqual(await storage.change([lifo.id], { priority: 5 }), [true]);
      assert.deepEqual(await storage.change([aged.id], { priority: -1 }), [true]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([aged, plain, lifo]));
      assert.equal((await recordOf(storage, aged.id)).priority, -1);
    },
  },
  {
    name: 'order: holds among jobs of several names',
    needs: 'order',
    async run({ storage }) {
      const [other, older, newer] = [jobOf({ name: 'other' }), ...jobsOf(2, { order: 'lifo' })];
      assert.ok(older && newer);
      await storage.push([other, older]);
      await storage.push([newer]);
      const taken = await take(storage, requestOf({ names: ['noop', 'other'], limit: 2 }));
      assert.deepEqual(idsOf(taken), idsOf([newer, older]));
      assert.equal(only(await take(storage, requestOf({ names: ['other'] }))).id, other.id);
    },
  },
  {
    name: 'order: refused by a storage that declares none, and the batch stores nothing',
    lacks: 'order',
    async run({ storage }) {
      const jobs = [jobOf(), jobOf({ order: 'lifo' })];
      await assert.rejects(storage.push(jobs), { code: 'UNSUPPORTED' });
      assert.deepEqual(await storage.info(idsOf(jobs)), [undefined, undefined]);
    },
  },
  {
    name: 'order: stays with the job over retries, releases and a start by hand',
    needs: 'order',
    async run({ storage }) {
      const lifo = jobsOf(3, { order: 'lifo' });
      await storage.push(lifo);
      const [third, second, first] = await take(storage);
      assert.ok(first && second && third);
      const plain = jobOf();
      await storage.push([plain]);
      await storage.complete([completionOf(third, retryingIn(0))]);
      await storage.release([first]);
      await storage.cancel([second.id], '');
      await storage.release([second]);
      assert.deepEqual(await storage.retry([second.id]), [true]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([...lifo.toReversed(), plain]));
    },
  },
];
