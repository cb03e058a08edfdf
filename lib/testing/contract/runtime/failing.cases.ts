import assert from 'node:assert/strict';
import { Backoff } from '../../../core/backoff.js';
import { JobTimeoutError, NonRetryableError, RetryAfterError } from '../../../core/run-errors.js';
import { jobOf } from '../job-factories.js';
import type { RuntimeCase } from './runtime-case.js';
import { aborted } from './waiting-work.js';

export const failingCases: readonly RuntimeCase[] = [
  {
    name: 'failing: each retry waits its backoff, and the job may still complete',
    async run(context) {
      const starts: number[] = [];
      const work = context.work('flaky', async () => {
        starts.push(await context.storage.now());
        if (starts.length < 4) throw new RangeError(`failure ${starts.length}`);
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job(), { backoff: Backoff.linear(0.08) });
      const { attempt, failures } = await context.reached(id, 'completed');
      assert.equal(attempt, 3);
      assert.deepEqual(
        failures.map(({ name, message }) => `${name}: ${message}`),
        ['RangeError: failure 1', 'RangeError: failure 2', 'RangeError: failure 3'],
      );
      failures.forEach(({ at }, nth) =>
        assert.ok((starts[nth + 1] ?? 0) >= at + 80, `retry ${nth + 1} came early`),
      );
    },
  },
  {
    name: 'failing: out of retries the job is dead, and ran n + 1 times',
    async run(context) {
      let runs = 0;
      const work = context.work('broken', () => {
        runs += 1;
        throw new Error('always');
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job(), { maxRetries: 2, backoff: Backoff.linear(0) });
      const { reason, attempt, failures } = await context.reached(id, 'dead');
      assert.deepEqual([runs, reason, attempt, failures.length], [3, 'retries-exhausted', 3, 3]);
      await context.pass(200);
      assert.equal(runs, 3);
    },
  },
  {
    name: 'failing: what cannot be helped by a retry is dead at once',
    async run(context) {
      let runs = 0;
      const work = context.work('hopeless', () => {
        runs += 1;
        throw new NonRetryableError('no such user');
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job());
      const { reason, failures } = await context.reached(id, 'dead');
      assert.deepEqual([runs, reason, failures[0]?.message], [1, 'non-retryable', 'no such user']);
    },
  },
  {
    name: 'failing: a run that asks for a later retry gets it',
    async run(context) {
      let runs = 0;
      const work = context.work('limited', () => {
        if (++runs === 1) throw new RetryAfterError(120);
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job(), { backoff: Backoff.linear(100) });
      const { failures, startedAt = 0, attempt } = await context.reached(id, 'completed');
      assert.ok(attempt === 1 && startedAt >= (failures[0]?.at ?? Infinity) + 120);
    },
  },
  {
    name: 'failing: a run that takes longer than its timeout is aborted, and has failed',
    async run(context) {
      let reason: unknown;
      const work = context.work('slow', async ({ signal }) => {
        reason = await aborted(signal);
        throw reason;
      });
      await context.start([work]);
      const { id } = await context.handle.queue(work.job(), { timeout: 60, maxRetries: 0 });
      const { attempt, failures } = await context.reached(id, 'dead');
      assert.ok(reason instanceof JobTimeoutError);
      assert.deepEqual([attempt, failures[0]?.name], [1, 'JobTimeoutError']);
    },
  },
  {
    name: 'failing: a payload that no longer decodes kills its job and no other',
    async run(context) {
      const work = context.work('decode', () => 1);
      const broken = jobOf({ name: 'decode', payload: '{"half":' });
      await context.storage.push([broken]);
      const { id } = await context.handle.queue(work.job());
      await context.start([work], { queues: { default: 1 } });
      await context.reached(id, 'completed');
      assert.equal((await context.reached(broken.id, 'dead')).reason, 'invalid-payload');
    },
  },
];
