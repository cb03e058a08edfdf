import assert from 'node:assert/strict';
import { LeaseLostError } from '../../../core/run-errors.js';
import type { RuntimeCase } from './runtime-case.js';
import { aborted, Gate, untilAborted } from './waiting-work.js';

export const outageCases: readonly RuntimeCase[] = [
  {
    name: 'outage: the jobs of a runner that vanished run elsewhere, and no attempt is charged',
    async run(context) {
      const attempts: number[] = [];
      const work = context.work('orphan', ({ attempt, token, signal }) => {
        attempts.push(attempt);
        return token === 1 ? untilAborted(signal) : 'done';
      });
      const first = await context.start([work]);
      const ids = (await context.handle.queueAll([work.job(), work.job(), work.job()])).map(({ id }) => id);
      await context.eventually(() => attempts.length === 3, 'all jobs run');
      first.storage.break('hanging');
      await context.start([work]);
      for (const id of ids) {
        const { attempt, stalls, failures, token } = await context.reached(id, 'completed');
        assert.deepEqual([attempt, stalls, failures, token], [0, 0, [], 2]);
      }
      assert.deepEqual(attempts, [1, 1, 1, 1, 1, 1]);
    },
  },
  {
    name: 'outage: a runner that is cut off aborts its run, and what that returns later changes nothing',
    async run(context) {
      const gate = new Gate();
      let reason: unknown;
      const work = context.work('zombie', async ({ token, signal }) => {
        if (token > 1) return 'of the second';
        reason = await aborted(signal);
        await gate.passed;
        return 'of the first';
      });
      const first = await context.start([work]);
      const { id } = await context.handle.queue(work.job());
      await context.reached(id, 'running');
      first.storage.break('hanging');
      await context.start([work]);
      const before = await context.reached(id, 'completed');
      await context.eventually(() => reason instanceof LeaseLostError, 'the run that was cut off is aborted');
      first.storage.heal();
      gate.open();
      await context.pass(300);
      assert.deepEqual(await context.record(id), before);
      assert.equal(before.result, '"of the second"');
    },
  },
  {
    name: 'outage: an end that reaches the storage when another runner has the job is dropped',
    async run(context) {
      const gates = [new Gate(), new Gate()];
      const work = context.work('overtaken', async ({ token }) => {
        await gates[token - 1]?.passed;
        return token;
      });
      const first = await context.start([work]);
      const { id } = await context.handle.queue(work.job());
      await context.reached(id, 'running');
      first.storage.break('hanging');
      gates[0]?.open();
      await context.pass(20);
      const second = await context.start([work]);
      await context.eventually(() => second.runner.running().length === 1, 'the job runs again');
      const { token, runner } = await context.record(id);
      first.storage.heal();
      await context.eventually(
        () => first.events.some(({ kind }) => kind === 'lost'),
        'the first learns of it',
      );
      const record = await context.record(id);
      assert.deepEqual([record.state, record.token, record.runner], ['running', token, runner]);
      gates[1]?.open();
      assert.equal((await context.reached(id, 'completed')).result, '2');
    },
  },
  {
    name: 'outage: a job that loses its lease once too often is dead, reason stalled',
    async run(context) {
      const work = context.work('killer', ({ signal }) => untilAborted(signal));
      const first = await context.start([work]);
      const { id } = await context.handle.queue(work.job());
      await context.reached(id, 'running');
      first.storage.break('hanging');
      await context.start([], { maxStalls: 0 });
      const { reason, attempt } = await context.reached(id, 'dead');
      assert.deepEqual([reason, attempt], ['stalled', 0]);
    },
  },
  {
    name: 'outage: a runner that stops gives back what it could not finish, uncharged and due now',
    async run(context) {
      const obedient = context.work('obedient', ({ signal }) => untilAborted(signal));
      const deaf = context.work('deaf', () => new Promise(() => {}));
      const options = { grace: 20, abortGrace: 20, queues: { default: 2 } };
      const first = await context.start([obedient, deaf], options);
      const pushed = await context.handle.queueAll([obedient.job(), deaf.job(), deaf.job()]);
      const ids = pushed.map(({ id }) => id);
      await context.eventually(() => first.runner.running().length === 2, 'two jobs run');
      await context.settled(first.runner.stop());
      for (const id of ids) {
        const { state, attempt, stalls, failures } = await context.record(id);
        assert.deepEqual([state, attempt, stalls, failures], ['ready', 0, 0, []]);
      }
      assert.deepEqual(await context.storage.runners(), []);
    },
  },
  {
    name: 'outage: while the storage refuses everything a run ends, and its end is recorded afterwards, once',
    async run(context) {
      await survive(context, 'refused');
    },
  },
  {
    name: 'outage: while the storage does not answer a run ends, and its end is recorded afterwards, once',
    async run(context) {
      await survive(context, 'hanging');
    },
  },
  {
    name: 'outage: queueing through an outage makes one job, when the reply was lost and when the call was',
    async run(context) {
      const work = context.work('once', () => 1);
      for (const fault of ['unanswered', 'refused'] as const) {
        context.handleStorage.break(fault, ['push'], 2);
        const pushed = await context.settled(context.handle.queue(work.job()));
        const { jobs } = await context.storage.list({ limit: 10 });
        assert.equal(jobs.filter(({ id }) => id === pushed.id).length, 1);
      }
      assert.equal((await context.storage.list({ limit: 10 })).jobs.length, 2);
    },
  },
  {
    name: 'outage: when the reply to an end of a run is lost, the job does not run again',
    async run(context) {
      const runs: string[] = [];
      const work = context.work('acked', (_, value) => void runs.push(String(value)));
      const { storage } = await context.start([work], { queues: { default: 1 } });
      storage.break('unanswered', ['complete'], 3);
      const pushed = await context.handle.queueAll([work.job(1), work.job(2), work.job(3)]);
      for (const { id } of pushed) {
        const { attempt } = await context.reached(id, 'completed');
        assert.equal(attempt, 0);
      }
      await context.pass(500);
      assert.deepEqual(runs.toSorted(), ['1', '2', '3']);
    },
  },
  {
    name: 'outage: jobs whose claim was lost on the way come back, uncharged',
    async run(context) {
      const runs: unknown[] = [];
      const work = context.work('claimed', (_, value) => void runs.push(value));
      const { storage } = await context.start([work]);
      storage.break('unanswered', ['pop', 'complete'], 1);
      const { id } = await context.handle.queue(work.job(1));
      const { attempt } = await context.reached(id, 'completed');
      assert.deepEqual([attempt, runs], [0, [1]]);
    },
  },
  {
    name: 'outage: a runner that was cut off for long takes up work again by itself',
    async run(context) {
      const work = context.work('resumed', () => 1);
      const { storage, events } = await context.start([work]);
      storage.break('refused');
      await context.eventually(
        () => events.some(({ kind }) => kind === 'storage-down'),
        'the outage is told',
      );
      // A claim that was on its way when the storage broke is answered all the same.
      await context.pass(300);
      const { id } = await context.handle.queue(work.job());
      await context.pass(1_000);
      assert.equal((await context.record(id)).state, 'ready');
      storage.heal();
      await context.reached(id, 'completed');
      await context.eventually(
        () => events.some(({ kind }) => kind === 'storage-up'),
        'the end of it is told',
      );
    },
  },
];

async function survive(
  context: Parameters<RuntimeCase['run']>[0],
  fault: 'refused' | 'hanging',
): Promise<void> {
  const gate = new Gate();
  let runs = 0;
  const work = context.work('survivor', () => {
    runs += 1;
    return gate.passed;
  });
  // Longer than the outage: the lease outlives it.
  const { storage } = await context.start([work], { lease: 3_000 });
  const { id } = await context.handle.queue(work.job());
  await context.reached(id, 'running');
  storage.break(fault);
  gate.open();
  await context.pass(500);
  assert.equal((await context.record(id)).state, 'running');
  storage.heal();
  const { token, attempt } = await context.reached(id, 'completed');
  assert.deepEqual([runs, token, attempt], [1, 1, 0]);
}
