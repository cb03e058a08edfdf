import assert from 'node:assert/strict';
import type { Settlement } from '../../../core/settlement.js';
import type { ContractCase } from '../contract-case.js';
import {
  COMPLETED,
  completedFor,
  completionOf,
  deadFor,
  failureOf,
  jobOf,
  jobsOf,
  newId,
  requestOf,
  retryingIn,
} from '../job-factories.js';
import { assertBetween, fieldsOf, idsOf, only, recordOf, start, stateOf, statsOf, take } from '../looking.js';

export const completeCases: readonly ContractCase[] = [
  {
    name: 'complete: a completed run keeps its result and ends the job',
    run: async ({ storage }) => {
      const record = await settled(storage, {
        state: 'completed',
        attempt: 2,
        stalls: 0,
        result: '{"sent":1}',
        keep: 1_000,
      });
      assert.deepEqual(record, {
        state: 'completed',
        attempt: 2,
        stalls: 0,
        result: '{"sent":1}',
        ended: true,
        failures: 0,
      });
    },
  },
  {
    name: 'complete: a dead job keeps its reason and its last failure',
    run: async ({ storage }) => {
      const record = await settled(storage, deadFor(1_000, 6));
      assert.deepEqual(record, {
        ...{ state: 'dead', reason: 'retries-exhausted', attempt: 6, stalls: 0, ended: true, failures: 1 },
      });
    },
  },
  {
    name: 'complete: a cancelled run keeps the reason',
    run: async ({ storage }) => {
      const settlement = {
        state: 'cancelled',
        attempt: 0,
        stalls: 0,
        cancelReason: 'no need',
        keep: 1_000,
      } as const;
      const record = await settled(storage, settlement);
      assert.deepEqual(record, {
        ...{ state: 'cancelled', cancelReason: 'no need', attempt: 0, stalls: 0, ended: true, failures: 0 },
      });
    },
  },
  {
    name: 'complete: a retry waits its delay from the write, and keeps the failure with its time and run',
    async run({ storage }) {
      const leased = await start(storage);
      const before = await storage.now();
      await storage.complete([completionOf(leased, retryingIn(4_000, 1, 'first'))]);
      const after = await storage.now();
      const record = await recordOf(storage, leased.id);
      assert.deepEqual([record.state, record.attempt, record.endedAt], ['retrying', 1, undefined]);
      assertBetween(before + 4_000, record.runAt, after + 4_000, 'runAt');
      const { at, ...failure } = only(record.failures);
      assert.deepEqual(fieldsOf(failure), { ...failureOf('first'), attempt: 1 });
      assertBetween(before, at, after, 'the time of the failure');
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'complete: a snoozed job waits and is charged nothing',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      const settlement = { state: 'scheduled', attempt: 0, stalls: 0, delay: 300 } as const;
      await storage.complete([completionOf(leased, settlement)]);
      assert.equal(await stateOf(storage, leased.id), 'scheduled');
      assert.deepEqual(await take(storage), []);
      await context.advance(310);
      const again = only(await take(storage));
      assert.deepEqual([again.id, again.token, again.attempt, again.stalls], [leased.id, 2, 0, 0]);
      assert.deepEqual((await recordOf(storage, leased.id)).failures, []);
    },
  },
  {
    name: 'complete: a job that goes back is due now, in the place it had',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await context.advance(20);
      await storage.push(jobsOf(2));
      await storage.complete([completionOf(leased, { state: 'ready', attempt: 0, stalls: 0 })]);
      const [first] = await take(storage);
      assert.deepEqual([first?.id, first?.runAt, first?.token], [leased.id, leased.runAt, 2]);
    },
  },
  {
    name: 'complete: the lease ends with the run, whatever came of it',
    async run({ storage }) {
      const ends: readonly Settlement[] = [
        COMPLETED,
        deadFor(),
        retryingIn(1_000),
        { state: 'ready', attempt: 0, stalls: 0 },
      ];
      for (const settlement of ends) {
        const leased = await start(storage, { queue: `of ${settlement.state}` });
        await storage.complete([completionOf(leased, settlement)]);
        const record = await recordOf(storage, leased.id);
        assert.deepEqual(
          [record.leaseUntil, record.runner, record.token],
          [undefined, undefined, 1],
          settlement.state,
        );
      }
    },
  },
  {
    name: 'complete: with keep false the record goes with the same write',
    async run({ storage }) {
      const ends: readonly Settlement[] = [
        completedFor(false),
        deadFor(false),
        { state: 'cancelled', attempt: 0, stalls: 0, cancelReason: '', keep: false },
      ];
      for (const settlement of ends) {
        const leased = await start(storage);
        assert.deepEqual((await storage.complete([completionOf(leased, settlement)])).results, ['recorded']);
        assert.deepEqual(await storage.info([leased.id]), [undefined]);
        assert.notEqual(only((await storage.complete([completionOf(leased, settlement)])).results), 'lost');
      }
      assert.equal((await statsOf(storage)).completed, 1);
    },
  },
  {
    name: 'complete: only the ten newest failures are kept, oldest first',
    async run({ storage }) {
      const { id } = await start(storage);
      for (let attempt = 1; attempt <= 13; attempt++) {
        const settlement = retryingIn(0, attempt, `failure ${attempt}`);
        await storage.complete([completionOf({ id, token: attempt }, settlement)]);
        if (attempt < 13) await take(storage);
      }
      const { failures } = await recordOf(storage, id);
      assert.deepEqual(
        failures.map(({ attempt }) => attempt),
        [4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
      );
      assert.equal(failures[9]?.message, 'failure 13');
    },
  },
  {
    name: 'complete: the largest failure that the core describes is kept whole, and one without a stack too',
    async run({ storage }) {
      const failure = {
        name: 'E'.repeat(128),
        message: '🎉'.repeat(4096),
        stack: "at 'x' \u2028\n".repeat(1400),
      };
      const [big, bare] = [await start(storage), await start(storage)];
      await storage.complete([
        completionOf(big, { state: 'retrying', attempt: 1, stalls: 0, failure, delay: 1 }),
        completionOf(bare, {
          state: 'retrying',
          attempt: 1,
          stalls: 0,
          failure: { name: 'Error', message: '' },
          delay: 1,
        }),
      ]);
      const { at: _, ...kept } = only((await recordOf(storage, big.id)).failures);
      assert.deepEqual(fieldsOf(kept), { ...failure, attempt: 1 });
      const { at: __, ...short } = only((await recordOf(storage, bare.id)).failures);
      assert.deepEqual(fieldsOf(short), { name: 'Error', message: '', attempt: 1 });
    },
  },
  {
    name: 'complete: each completion stands apart: one that is lost or gone keeps no other from being recorded',
    async run({ storage }) {
      const [a, b, c] = [await start(storage), await start(storage), await start(storage)];
      const completions = [
        completionOf(a),
        completionOf({ id: newId(), token: 1 }),
        completionOf({ id: b.id, token: 2 }),
        completionOf(c, retryingIn(5_000)),
      ];
      const { results, popped } = await storage.complete(completions);
      assert.deepEqual(results, ['recorded', 'gone', 'lost', 'recorded']);
      assert.equal(popped, undefined);
      const states = (await storage.info(idsOf([a, b, c]))).map((record) => record?.state);
      assert.deepEqual(states, ['completed', 'running', 'retrying']);
    },
  },
  {
    name: 'complete: one that stands twice in a batch is recorded once and answered twice',
    async run({ storage }) {
      const leased = await start(storage);
      const completion = completionOf(leased, retryingIn(0));
      assert.deepEqual((await storage.complete([completion, completion])).results, ['recorded', 'recorded']);
      const record = await recordOf(storage, leased.id);
      assert.deepEqual([record.attempt, record.failures.length], [1, 1]);
      assert.equal((await statsOf(storage)).failed, 1);
    },
  },
  {
    name: 'complete: claims like pop when asked to, with or without completions, and sees what it just gave back',
    async run({ storage }) {
      const jobs = jobsOf(3);
      await storage.push(jobs);
      const first = await storage.complete([], requestOf({ limit: 1 }));
      assert.deepEqual(first.results, []);
      const leased = only(first.popped?.jobs ?? []);
      const next = await storage.complete([completionOf(leased, retryingIn(0))], requestOf({ limit: 9 }));
      const expected = [...idsOf(jobs.slice(1)), leased.id];
      const taken = idsOf(next.popped?.jobs ?? []);
      assert.deepEqual(taken.toSorted(), expected.toSorted());
      assert.deepEqual(await storage.complete([]), { results: [] });
    },
  },
  {
    name: 'complete: batches of 5,000 are pushed, taken, completed, read and removed whole',
    async run({ storage }) {
      const jobs = jobsOf(5_000);
      const pushed = await storage.push(jobs);
      assert.ok(pushed.every(({ id, duplicate }, index) => id === jobs[index]?.id && !duplicate));
      const taken = await take(storage, requestOf({ limit: 5_000, lease: 60_000 }));
      assert.deepEqual(idsOf(taken), idsOf(jobs));
      const { results } = await storage.complete(taken.map((job) => completionOf(job)));
      assert.ok(results.length === 5_000 && results.every((result) => result === 'recorded'));
      const records = await storage.info(idsOf(jobs));
      assert.ok(
        records.every((record, index) => record?.state === 'completed' && record.id === jobs[index]?.id),
      );
      assert.equal((await statsOf(storage)).completed, 5_000);
      const removed = await storage.remove(idsOf(jobs));
      assert.ok(removed.length === 5_000 && removed.every((result) => result === 'removed'));
    },
  },
  {
    name: 'complete: an ended job is never taken again by itself',
    hours: true,
    async run(context) {
      const { storage } = context;
      const [done, dead] = [await start(storage), await start(storage)];
      const week = 7 * 24 * 3_600_000;
      await storage.complete([
        completionOf(done, completedFor(2 * week)),
        completionOf(dead, deadFor(2 * week)),
      ]);
      await context.advance(week);
      assert.deepEqual(await take(storage), []);
      assert.deepEqual(await storage.rescue(10, 3), []);
      assert.deepEqual(
        [await stateOf(storage, done.id), await stateOf(storage, dead.id)],
        ['completed', 'dead'],
      );
    },
  },
];

/** Runs one job to this end; returns what the end left in its record. */
async function settled(storage: Parameters<typeof start>[0], settlement: Settlement): Promise<object> {
  const leased = await start(storage, jobOf());
  const before = await storage.now();
  assert.deepEqual((await storage.complete([completionOf(leased, settlement)])).results, ['recorded']);
  const { state, reason, cancelReason, attempt, stalls, result, failures, ...record } = await recordOf(
    storage,
    leased.id,
  );
  assertBetween(before, record.endedAt, await storage.now(), 'endedAt');
  const ended = record.endedAt !== undefined;
  return fieldsOf({ state, reason, cancelReason, attempt, stalls, result, ended, failures: failures.length });
}
