import assert from 'node:assert/strict';
import type { JobState } from '../../../core/job.js';
import type { Settlement } from '../../../core/settlement.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import {
  beatOf,
  COMPLETED,
  completionOf,
  deadFor,
  jobOf,
  keeping,
  newId,
  requestFor,
  retryingIn,
} from '../job-factories.js';
import { assertBetween, only, recordOf, start, stateOf, statsOf, take, pairOf } from '../looking.js';
import { race } from '../race.js';

export const cancelCases: readonly ContractCase[] = [
  {
    name: 'cancel: a job that waits, ready, scheduled or retrying, ends at once and keeps the reason',
    async run({ storage }) {
      const [ready, scheduled] = [jobOf({ queue: 'r' }), jobOf({ due: { in: 60_000 } })];
      const retrying = await start(storage, { queue: 'x' });
      await storage.complete([completionOf(retrying, retryingIn(0))]);
      await storage.push([ready, scheduled]);
      const before = await storage.now();
      for (const { id } of [ready, scheduled, retrying]) {
        assert.deepEqual(await storage.cancel([id], 'not needed'), ['cancelled']);
        const record = await recordOf(storage, id);
        assert.deepEqual([record.state, record.cancelReason], ['cancelled', 'not needed']);
        assertBetween(before, record.endedAt, await storage.now(), 'endedAt');
      }
      assert.deepEqual(await take(storage, requestFor('r', 'x', 'default')), []);
    },
  },
  {
    name: 'cancel: answers in the order of the ids, each apart',
    async run({ storage }) {
      const [running, done, dead, waiting] = [
        await start(storage),
        await start(storage),
        await start(storage),
        jobOf(),
      ];
      await storage.complete([completionOf(done), completionOf(dead, deadFor())]);
      await storage.push([waiting]);
      const ids = [newId(), running.id, done.id, dead.id, waiting.id];
      assert.deepEqual(await storage.cancel(ids, ''), [
        'unknown',
        'requested',
        'ended',
        'ended',
        'cancelled',
      ]);
      assert.deepEqual(await storage.cancel(ids, ''), ['unknown', 'requested', 'ended', 'ended', 'ended']);
      assert.deepEqual(await storage.cancel([], ''), []);
      assert.deepEqual(
        [await stateOf(storage, done.id), await stateOf(storage, dead.id)],
        ['completed', 'dead'],
      );
    },
  },
  {
    name: 'cancel: the record goes at once where the policy keeps no cancelled ones',
    async run({ storage }) {
      const job = jobOf({ policy: keeping({ cancelled: false }) });
      await storage.push([job]);
      assert.deepEqual(await storage.cancel([job.id], 'x'), ['cancelled']);
      assert.deepEqual(await storage.info([job.id]), [undefined]);
      const running = await start(storage, { policy: keeping({ cancelled: false }) });
      await storage.cancel([running.id], 'x');
      assert.deepEqual(await storage.release([running]), ['recorded']);
      assert.deepEqual(await storage.info([running.id]), [undefined]);
    },
  },
  {
    name: 'cancel: a running job runs on, and its runner is told with every beat until it ends',
    async run({ storage }) {
      const [leased, other] = [await start(storage), await start(storage)];
      assert.deepEqual(await storage.cancel([leased.id], 'changed my mind'), ['requested']);
      const record = await recordOf(storage, leased.id);
      assert.deepEqual([record.state, record.cancelReason], ['running', 'changed my mind']);
      for (let beat = 0; beat < 3; beat++) {
        const { cancelled, lost } = await storage.heartbeat(beatOf([leased, other]));
        assert.deepEqual(
          cancelled.map(({ id, reason }) => ({ id, reason })),
          [{ id: leased.id, reason: 'changed my mind' }],
        );
        assert.deepEqual(lost, []);
      }
      await storage.complete([completionOf(leased)]);
      assert.deepEqual(await storage.heartbeat(beatOf([leased])), { lost: [leased.id], cancelled: [] });
    },
  },
  {
    name: 'cancel: a run that was asked to end and would go on, retried, snoozed or released, is cancelled',
    async run({ storage }) {
      const endless: readonly Settlement[] = [
        retryingIn(0),
        { state: 'scheduled', attempt: 0, stalls: 0, delay: 0 },
        { state: 'ready', attempt: 0, stalls: 0 },
      ];
      for (const settlement of endless) {
        assert.equal(await endedAfterCancel(storage, settlement), 'cancelled', settlement.state);
      }
      const leased = await start(storage);
      await storage.cancel([leased.id], 'stop');
      assert.deepEqual(await storage.release([leased]), ['recorded']);
      assert.deepEqual(await storage.release([leased]), ['recorded']);
      assert.equal(await stateOf(storage, leased.id), 'cancelled');
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'cancel: a run that was asked to end and ended first, completed or dead, stays what it is',
    async run({ storage }) {
      assert.equal(await endedAfterCancel(storage, COMPLETED), 'completed');
      assert.equal(await endedAfterCancel(storage, deadFor()), 'dead');
    },
  },
  {
    name: 'cancel: against a completion that would retry, the job never runs again once cancel was granted',
    async run(context) {
      const [operator, worker] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const leased = await start(context.storage);
        const [answer, { results }] = await race(
          round,
          () => operator.cancel([leased.id], 'stop'),
          () => worker.complete([completionOf(leased, retryingIn(0))]),
        );
        assert.ok(answer[0] === 'cancelled' || answer[0] === 'requested', `round ${round}: ${answer[0]}`);
        assert.deepEqual(results, ['recorded'], `round ${round}`);
        assert.equal(await stateOf(context.storage, leased.id), 'cancelled', `round ${round}`);
      }
      assert.deepEqual(await take(context.storage), []);
    },
  },
  {
    name: 'cancel: against a completion, the job is completed, or cancelled and never both',
    async run(context) {
      const [operator, worker] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const leased = await start(context.storage);
        const [[answer], { results }] = await race(
          round,
          () => operator.cancel([leased.id], 'stop'),
          () => worker.complete([completionOf(leased)]),
        );
        assert.ok(answer === 'requested' || answer === 'ended', `round ${round}: ${answer}`);
        assert.deepEqual(
          [only(results), await stateOf(context.storage, leased.id)],
          ['recorded', 'completed'],
        );
      }
      const { completed, running } = await statsOf(context.storage);
      assert.deepEqual([completed, running], [30, 0]);
    },
  },
  {
    name: 'cancel: against a pop, a job is either cancelled at once or asked to end where it runs',
    async run(context) {
      const [operator, worker] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const job = jobOf();
        await context.storage.push([job]);
        const [[answer], [leased]] = await race(
          round,
          () => operator.cancel([job.id], 'stop'),
          () => take(worker),
        );
        assert.equal(answer, leased ? 'requested' : 'cancelled', `round ${round}`);
        if (leased) await worker.release([leased]);
        assert.equal(await stateOf(context.storage, job.id), 'cancelled');
      }
    },
  },
];

async function endedAfterCancel(storage: Storage, settlement: Settlement): Promise<JobState | undefined> {
  const leased = await start(storage);
  await storage.cancel([leased.id], 'stop');
  const completion = completionOf(leased, settlement);
  assert.deepEqual((await storage.complete([completion])).results, ['recorded']);
  assert.deepEqual((await storage.complete([completion])).results, ['recorded']);
  const { cancelReason, state, endedAt } = await recordOf(storage, leased.id);
  assert.ok(endedAt !== undefined);
  if (state === 'cancelled') assert.equal(cancelReason, 'stop');
  return state;
}
