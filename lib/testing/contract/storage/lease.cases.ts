import assert from 'node:assert/strict';
import type { Lease, LeasedJob } from '../../../core/job.js';
import type { Recorded } from '../../../storage/claims.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import type { ContractContext } from '../contract-context.js';
import {
  beatOf,
  COMPLETED,
  completionOf,
  deadFor,
  jobOf,
  LEASE,
  leaseOf,
  requestOf,
  retryingIn,
} from '../job-factories.js';
import { only, recordOf, start, stateOf, take, pairOf } from '../looking.js';

export const leaseCases: readonly ContractCase[] = [
  {
    name: 'lease: one that ran out, was rescued and taken again is lost for every write of its old token',
    async run(context) {
      const { storage } = context;
      const { old, current } = await takenOver(context);
      await assertPowerless(storage, old);
      assert.deepEqual((await storage.complete([completionOf(current)])).results, ['recorded']);
      await assertPowerless(storage, old);
      assert.equal(await stateOf(storage, old.id), 'completed');
    },
  },
  {
    name: 'lease: once rescued it is lost, also while nobody has the job',
    async run(context) {
      const { storage } = context;
      const old = await start(storage);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 3);
      await assertPowerless(storage, old);
      assert.equal(only(await take(storage)).token, old.token + 1);
    },
  },
  {
    name: 'lease: a job that a rescue gave up stays dead, whatever its old run reports',
    async run(context) {
      const { storage } = context;
      const old = await start(storage);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 0);
      await assertPowerless(storage, old);
      assert.equal(await stateOf(storage, old.id), 'dead');
    },
  },
  {
    name: 'lease: past its time it still holds until somebody took the job',
    async run(context) {
      const { storage } = context;
      const [a, b, c] = [await start(storage), await start(storage), await start(storage)];
      await context.advance(LEASE + 10);
      assert.deepEqual((await storage.complete([completionOf(a)])).results, ['recorded']);
      assert.deepEqual(await storage.release([b]), ['recorded']);
      assert.deepEqual((await storage.heartbeat(beatOf([c]))).lost, []);
      assert.deepEqual(await storage.rescue(10, 3), []);
    },
  },
  {
    name: 'lease: repeating a completion, as after a lost reply, answers as the first did and changes nothing',
    async run({ storage }) {
      for (const settlement of [COMPLETED, deadFor(), retryingIn(60_000)]) {
        const leased = await start(storage);
        const completion = completionOf(leased, settlement);
        await storage.complete([completion]);
        const before = await recordOf(storage, leased.id);
        for (let again = 0; again < 3; again++) {
          assert.deepEqual((await storage.complete([completion])).results, ['recorded'], settlement.state);
        }
        assert.deepEqual(await recordOf(storage, leased.id), before);
      }
    },
  },
  {
    name: 'lease: a repeated completion answers the same once the job was taken again, and leaves the new run alone',
    async run({ storage }) {
      const leased = await start(storage);
      const completion = completionOf(leased, retryingIn(0));
      await storage.complete([completion]);
      const again = only(await take(storage));
      await assertPowerless(storage, leased, 'recorded');
      assert.deepEqual((await storage.complete([completionOf(again)])).results, ['recorded']);
      await assertPowerless(storage, leased, 'recorded');
    },
  },
  {
    name: 'lease: the first end of a run stands: no other end of the same token changes it',
    async run({ storage }) {
      const ended = await start(storage);
      await storage.complete([completionOf(ended)]);
      const given = await start(storage);
      await storage.release([given]);
      for (const lease of [ended, given]) {
        const before = await recordOf(storage, lease.id);
        await storage.complete([completionOf(lease, deadFor())]);
        await storage.complete([completionOf(lease, retryingIn(0))]);
        await storage.release([lease]);
        await storage.progress([{ lease: leaseOf(lease), progress: '1' }]);
        assert.deepEqual(await recordOf(storage, lease.id), before);
      }
    },
  },
  {
    name: 'lease: a token that was never given is lost',
    async run({ storage }) {
      const leased = await start(storage);
      for (const token of [0, 2, 1_000_000]) await assertPowerless(storage, { id: leased.id, token });
      const waiting = jobOf({ queue: 'other' });
      await storage.push([waiting]);
      await assertPowerless(storage, { id: waiting.id, token: 0 });
      await assertPowerless(storage, { id: waiting.id, token: 1 });
    },
  },
  {
    name: 'lease: a completion against a rescue and a new pop: one of them has the job, never both',
    async run(context) {
      const [worker, sweeper] = await pairOf(context);
      for (let round = 0; round < 30; round++) await completeAgainstRescue(context, worker, sweeper, round);
    },
  },
];

async function takenOver(context: ContractContext): Promise<{ old: LeasedJob; current: LeasedJob }> {
  const old = await start(context.storage, {}, 'old');
  await context.advance(LEASE + 10);
  await context.storage.rescue(10, 3);
  return { old, current: only(await take(context.storage, requestOf({ runner: 'new', lease: 60_000 }))) };
}

/** Tries every write that a lease allows, and sees that none of them does a thing. `answer`: what its run learns. */
async function assertPowerless(
  storage: Storage,
  { id, token }: Lease,
  answer: Recorded = 'lost',
): Promise<void> {
  const lease = { id, token };
  const before = await recordOf(storage, id);
  assert.deepEqual(await storage.heartbeat(beatOf([lease], 900_000, 'ghost')), { lost: [id], cancelled: [] });
  await storage.progress([{ lease, progress: '"from a ghost"' }]);
  const snoozed = { state: 'scheduled', attempt: 9, stalls: 0, delay: 0 } as const;
  for (const settlement of [COMPLETED, deadFor(), retryingIn(0), snoozed]) {
    assert.deepEqual((await storage.complete([completionOf(lease, settlement)])).results, [answer]);
  }
  assert.deepEqual(await storage.release([lease]), [answer]);
  assert.deepEqual(await recordOf(storage, id), before);
}

async function completeAgainstRescue(
  context: ContractContext,
  worker: Storage,
  sweeper: Storage,
  round: number,
): Promise<void> {
  const queues = [{ queue: `q${round}`, limit: 1 }];
  await context.storage.push([jobOf({ queue: `q${round}` })]);
  const old = only(await take(worker, requestOf({ queues })));
  await context.advance(LEASE + 10);
  const rescued = sweeper.rescue(10, 3);
  const taken = rescued.then(() => take(sweeper, requestOf({ queues, runner: 'new' })));
  // Against the rescue, against the pop, and when both are over, in turn.
  await [undefined, rescued, taken][round % 3];
  const [{ results }, [atOnce]] = await Promise.all([worker.complete([completionOf(old)]), taken]);
  // A pop may pass by a job that the losing completion still looks at; it must be there for the one after.
  const isLost = results[0] === 'lost';
  const next =
    atOnce ?? (isLost ? only(await take(sweeper, requestOf({ queues, runner: 'new' }))) : undefined);
  assert.deepEqual(results, [next ? 'lost' : 'recorded'], `round ${round}`);
  assert.equal(await stateOf(context.storage, old.id), next ? 'running' : 'completed', `round ${round}`);
  if (next) assert.deepEqual((await sweeper.complete([completionOf(next)])).results, ['recorded']);
}
