import assert from 'node:assert/strict';
import { Snooze } from '../../../core/snooze.js';
import { JobCancelledError } from '../../../core/run-errors.js';
import type { FaultyStorage } from '../../faulty-storage.js';
import type { RuntimeCase } from './runtime-case.js';
import { aborted } from './waiting-work.js';

export const runningCases: readonly RuntimeCase[] = [
  {
    name: 'running: of many jobs on several runners each runs once, and all end',
    async run(context) {
      const runs = new Map<unknown, number>();
      const work = context.work('count', (_, value) => void runs.set(value, (runs.get(value) ?? 0) + 1));
      const jobs = Array.from({ length: 300 }, (_, value) => work.job(value));
      await context.handle.queueAll(jobs.slice(0, 200));
      await Promise.all([context.start([work]), context.start([work]), context.start([work])]);
      for (const job of jobs.slice(200)) await context.handle.queue(job);
      await context.eventually(() => runs.size === 300, 'all jobs ran');
      await context.eventually(
        async () => (await context.handle.stats())[0]?.completed === 300,
        'all are recorded',
      );
      assert.ok(
        [...runs.values()].every((count) => count === 1),
        'a job ran twice',
      );
    },
  },
  {
    name: 'running: a runner with one slot takes jobs in order of priority, then of arrival',
    async run(context) {
      const order: unknown[] = [];
      const work = context.work('note', (_, value) => void order.push(value));
      for (const [value, priority] of [
        ['c', 0],
        ['d', 0],
        ['e', 5],
        ['a', -5],
        ['b', -5],
      ] as const) {
        await context.handle.queue(work.job(value), { priority });
      }
      await context.start([work], { queues: { default: 1 } });
      await context.eventually(() => order.length === 5, 'all jobs ran');
      assert.deepEqual(order, ['a', 'b', 'c', 'd', 'e']);
    },
  },
  {
    name: 'running: what a run returns, reports and was given can be read when it has ended',
    async run(context) {
      const work = context.work('report', (job, value) => {
        job.progress({ done: 1 });
        return { got: value, attempt: job.attempt, meta: job.meta };
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job({ deep: ['ü'] }), { meta: 'm' });
      await context.reached(id, 'completed');
      const info = await context.handle.info(id);
      assert.deepEqual(info?.result, { got: { deep: ['ü'] }, attempt: 1, meta: 'm' });
      assert.deepEqual(info?.progress, { done: 1 });
    },
  },
  {
    name: 'running: never before its time, and soon after',
    async run(context) {
      const at: number[] = [];
      const work = context.work('late', async () => at.push(await context.storage.now()));
      await context.start([work]);
      const { id } = await context.handle.queue(work.job(), { delay: 150 });
      await context.reached(id, 'completed');
      const { runAt } = await context.record(id);
      assert.ok(at.length === 1 && (at[0] ?? 0) >= runAt, `ran at ${at[0]}, due at ${runAt}`);
    },
  },
  {
    name: 'running: a snoozed job runs again later, and no attempt is used',
    async run(context) {
      const attempts: number[] = [];
      const work = context.work('snooze', (job) => {
        attempts.push(job.attempt);
        return attempts.length < 3 ? new Snooze(30) : undefined;
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job(), { maxRetries: 0 });
      const { attempt, failures, token } = await context.reached(id, 'completed');
      assert.deepEqual([attempts, attempt, failures, token], [[1, 1, 1], 0, [], 3]);
    },
  },
  {
    name: 'running: a run longer than its lease keeps it, and nobody else gets the job',
    async run(context) {
      let runs = 0;
      const work = context.work('long', async () => {
        runs += 1;
        await context.pass(1_000);
      });
      await context.start([work]);
      await context.start([work]);
      const { id } = await context.handle.queue(work.job());
      const { token, stalls } = await context.reached(id, 'completed');
      assert.deepEqual([runs, token, stalls], [1, 1, 0]);
    },
  },
  {
    name: 'running: cancelling a job that runs aborts its signal with the reason, wherever it runs',
    async run(context) {
      let reason: unknown;
      const work = context.work('endless', async ({ signal }) => {
        reason = await aborted(signal);
        throw reason;
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job());
      await context.reached(id, 'running');
      assert.equal(await context.handle.cancel(id, 'not needed any more'), 'requested');
      const { cancelReason, attempt } = await context.reached(id, 'cancelled');
      assert.ok(reason instanceof JobCancelledError);
      assert.deepEqual([cancelReason, attempt], ['not needed any more', 0]);
    },
  },
  {
    name: 'running: jobs of unknown names are left to a runner that knows them, uncharged',
    async run(context) {
      const [known, foreign] = [context.work('known', () => 1), context.work('foreign', () => 2)];
      const { id } = await context.handle.queue(foreign.job());
      const ids = await context.handle.queueAll([known.job(), known.job()]);
      await context.start([known]);
      for (const pushed of ids) await context.reached(pushed.id, 'completed');
      await context.pass(200);
      const { state, token } = await context.record(id);
      assert.deepEqual([state, token], ['ready', 0]);
      await context.start([foreign]);
      const { attempt, stalls } = await context.reached(id, 'completed');
      assert.deepEqual([attempt, stalls], [0, 0]);
    },
  },
  {
    name: 'running: a paused queue is left alone until it is resumed',
    async run(context) {
      const work = context.work('held', () => 1);
      await context.start([work]);
      await context.storage.pause('default', 'maintenance');
      const { id } = await context.handle.queue(work.job());
      await context.pass(300);
      assert.equal((await context.record(id)).state, 'ready');
      await context.storage.resume('default');
      await context.reached(id, 'completed');
    },
  },
  {
    name: 'running: a schedule makes one job per tick, though several runners come to it at the same moment',
    async run(context) {
      const work = context.work('tick', () => 1);
      const runners = await Promise.all([1, 2, 3].map(() => context.start([work])));
      const each = (act: (storage: FaultyStorage) => void) => runners.forEach(({ storage }) => act(storage));
      await context.handle.every(200, work.job(), { key: 'often' });
      for (let tick = 0; tick < 4; tick++) {
        each((storage) => storage.break('delayed', ['fire']));
        await context.eventually(
          () => runners.every(({ storage }) => storage.waiting > 0),
          'all are at the tick',
        );
        each((storage) => storage.heal());
        await context.pass(50);
      }
      const [schedule] = await context.storage.schedules();
      await context.storage.removeSchedules(['often']);
      const { jobs } = await context.storage.list({ limit: 100, name: 'tick' });
      const span = (schedule?.watermark ?? 0) - Math.min(...jobs.map(({ enqueuedAt }) => enqueuedAt));
      assert.ok(jobs.length >= 4, `${jobs.length} jobs`);
      assert.ok(jobs.length <= Math.round(span / 200) + 2, `${jobs.length} jobs in ${span} ms`);
    },
  },
];
