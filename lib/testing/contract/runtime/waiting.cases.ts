import assert from 'node:assert/strict';
import { JobCancelledError, NonRetryableError } from '../../../core/run-errors.js';
import { JobDeadError, JobUnknownError } from '../../../core/wait-errors.js';
import type { RuntimeCase } from './runtime-case.js';
import { Gate, untilAborted } from './waiting-work.js';

export const waitingCases: readonly RuntimeCase[] = [
  {
    name: 'waiting: results come from whichever runner ran the job, though its class keeps no record',
    async run(context) {
      const work = context.work('double', (_, value) => ({ sum: Number(value) * 2 }), {
        keep: { completed: false },
      });
      await Promise.all([context.start([work]), context.start([work])]);
      const waits = Array.from({ length: 40 }, (_, value) => context.handle.queueAndWait(work.job(value)));
      const results = await context.settled(Promise.all(waits));
      assert.deepEqual(
        results,
        waits.map((_, value) => ({ sum: value * 2 })),
      );
    },
  },
  {
    name: 'waiting: it goes on while a job fails and is tried again, and rejects when that is of no use',
    async run(context) {
      const work = context.work(
        'failing',
        ({ attempt }) => {
          if (attempt === 1) throw new Error('not yet');
          throw new NonRetryableError('never');
        },
        { maxRetries: 3 },
      );
      const { id } = await context.handle.queue(work.job());
      await context.start([work]);
      const error = await context.settled(rejection(context.handle.wait(id)));
      assert.ok(error instanceof JobDeadError, `rejected with ${String(error)}`);
      assert.equal(error.id, id);
      assert.equal(error.reason, 'non-retryable');
      assert.equal(error.failure?.message, 'never');
      assert.equal(error.failure?.attempt, 2);
    },
  },
  {
    name: 'waiting: it rejects for jobs that are cancelled, waiting or running',
    async run(context) {
      const gate = new Gate();
      const work = context.work('long', ({ signal }) => {
        gate.open();
        return untilAborted(signal);
      });
      await context.start([work], { queues: { default: 1 } });
      const running = await context.handle.queue(work.job());
      await context.settled(gate.passed);
      const waiting = await context.handle.queue(work.job());
      const errors = Promise.all([
        rejection(context.handle.wait(running)),
        rejection(context.handle.wait(waiting)),
      ]);
      // By others, so that the handle has to find out.
      await context.storage.cancel([running.id, waiting.id], 'no longer wanted');
      for (const error of await context.settled(errors)) {
        assert.ok(error instanceof JobCancelledError, `rejected with ${String(error)}`);
        assert.equal(error.message, 'no longer wanted');
      }
    },
  },
  {
    name: 'waiting: an outage is waited out',
    async run(context) {
      const gate = new Gate();
      const work = context.work('patient', () => gate.passed.then(() => 'done'));
      await context.start([work]);
      const queued = await context.handle.queue(work.job());
      const result = context.handle.wait(queued);
      context.handleStorage.break('refused');
      gate.open();
      await context.reached(queued.id, 'completed');
      await context.pass(500);
      context.handleStorage.heal();
      assert.equal(await context.settled(result), 'done');
    },
  },
  {
    name: 'waiting: it rejects for a job whose record is gone',
    async run(context) {
      const work = context.work('forgotten', () => 'lost', { keep: { completed: false } });
      const { id } = await context.handle.queue(work.job());
      const error = rejection(context.handle.wait(id));
      await context.start([work]);
      assert.ok((await context.settled(error)) instanceof JobUnknownError);
    },
  },
];

/** What a promise rejects with. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => assert.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
