import assert from 'node:assert/strict';
import { DEFAULT_POLICY } from '../../../core/policy.js';
import { STALLS_FORGOTTEN_AFTER } from '../../../core/settlement.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import type { ContractContext } from '../contract-context.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  keeping,
  LEASE,
  requestOf,
  retryingIn,
} from '../job-factories.js';
import { assertBetween, idsOf, only, recordOf, start, stateOf, statsOf, take, pairOf } from '../looking.js';
import { race } from '../race.js';

export const rescueCases: readonly ContractCase[] = [
  {
    name: 'rescue: a job whose lease ran out is ready again, charged one stall and no attempt',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await context.advance(LEASE + 10);
      const { id } = leased;
      assert.deepEqual(await storage.rescue(10, 3), [
        { id, name: 'noop', queue: 'default', stalls: 1, state: 'ready' },
      ]);
      const record = await recordOf(storage, id);
      assert.deepEqual(
        [record.state, record.attempt, record.stalls, record.runAt],
        ['ready', 0, 1, leased.runAt],
      );
      assert.deepEqual([record.runner, record.leaseUntil, record.failures], [undefined, undefined, []]);
      const again = only(await take(storage));
      assert.deepEqual([again.token, again.stalls], [2, 1]);
    },
  },
  {
    name: 'rescue: never a job whose lease holds, nor one that does not run',
    async run(context) {
      const { storage } = context;
      const waiting = jobOf({ queue: 'other' });
      await storage.push([waiting]);
      await start(storage);
      await context.advance(LEASE / 2);
      assert.deepEqual(await storage.rescue(10, 3), []);
      assert.equal(await stateOf(storage, waiting.id), 'ready');
    },
  },
  {
    name: 'rescue: each lost lease counts, until the job is given up with reason stalled',
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage);
      for (let stalls = 1; stalls <= 3; stalls++) {
        await context.advance(LEASE + 10);
        const rescued = only(await storage.rescue(10, 2));
        assert.deepEqual([rescued.stalls, rescued.state], [stalls, stalls > 2 ? 'dead' : 'ready']);
        if (stalls <= 2) await take(storage);
      }
      const record = await recordOf(storage, id);
      assert.deepEqual(
        [record.state, record.reason, record.attempt, record.stalls],
        ['dead', 'stalled', 0, 3],
      );
      assertBetween(record.startedAt ?? Infinity, record.endedAt, await storage.now(), 'endedAt');
      assert.equal((await statsOf(storage)).failed, 0);
    },
  },
  {
    name: 'rescue: a job that is given up and whose policy keeps no dead ones is removed',
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage, { policy: keeping({ dead: false }) });
      await context.advance(LEASE + 10);
      assert.equal(only(await storage.rescue(10, 0)).state, 'dead');
      assert.deepEqual(await storage.info([id]), [undefined]);
    },
  },
  {
    name: 'rescue: a run that lived to report its end clears the count',
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 1);
      const again = only(await take(storage));
      await storage.complete([completionOf(again, retryingIn(0))]);
      await take(storage);
      await context.advance(LEASE + 10);
      assert.deepEqual(idsOf(await storage.rescue(10, 1)), [id]);
      assert.deepEqual([(await recordOf(storage, id)).stalls, await stateOf(storage, id)], [1, 'ready']);
    },
  },
  {
    name: 'rescue: a lease lost more than 72 hours ago no longer counts',
    hours: true,
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage);
      await context.advance(LEASE + 10);
      assert.equal(only(await storage.rescue(10, 1)).stalls, 1);
      await context.advance(STALLS_FORGOTTEN_AFTER - 2 * LEASE);
      await take(storage, requestOf({ lease: 3 * LEASE }));
      await context.advance(3 * LEASE + 10);
      assert.deepEqual(only(await storage.rescue(10, 1)), {
        ...{ id, name: 'noop', queue: 'default', stalls: 1, state: 'ready' },
      });
      await take(storage);
      await context.advance(LEASE + 10);
      assert.equal(only(await storage.rescue(10, 2)).stalls, 2);
    },
  },
  {
    name: 'rescue: a job that somebody asked to end does not run again',
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage);
      await storage.cancel([id], 'enough');
      await context.advance(LEASE + 10);
      assert.equal(only(await storage.rescue(10, 3)).state, 'cancelled');
      const record = await recordOf(storage, id);
      assert.deepEqual([record.state, record.cancelReason], ['cancelled', 'enough']);
    },
  },
  {
    name: 'rescue: at most the limit at a time, and all in the end',
    async run(context) {
      const { storage } = context;
      const jobs = jobsOf(25);
      await storage.push(jobs);
      await take(storage, requestOf({ limit: 25 }));
      await context.advance(LEASE + 10);
      const rescued = [];
      for (const expected of [10, 10, 5, 0]) {
        const batch = await storage.rescue(10, 3);
        assert.equal(batch.length, expected);
        rescued.push(...idsOf(batch));
      }
      assert.deepEqual(rescued.toSorted(), idsOf(jobs).toSorted());
    },
  },
  {
    name: 'rescue: odd records keep no other from being rescued, and are rescued too',
    async run(context) {
      const { storage } = context;
      const policies = [
        '',
        'not json',
        'null',
        '[]',
        '"text"',
        '{"keep":null}',
        '{"keep":{"dead":"x"}}',
        '{}',
      ];
      const jobs = [...policies.map((policy) => jobOf({ policy, payload: '\u2028{' })), jobOf()];
      await storage.push(jobs);
      await take(storage, requestOf({ limit: 100 }));
      await storage.cancel([jobs[5]?.id ?? ''], 'odd');
      await context.advance(LEASE + 10);
      const rescued = await storage.rescue(100, 0);
      assert.deepEqual(idsOf(rescued).toSorted(), idsOf(jobs).toSorted());
      assert.ok(DEFAULT_POLICY.keep.dead !== false);
      assert.equal(await stateOf(storage, jobs.at(-1)?.id ?? ''), 'dead');
    },
  },
  {
    name: 'rescue: of two sweepers each job is rescued by one, and charged once',
    async run(context) {
      const sweepers = await context.rivals(2);
      for (let round = 0; round < 30; round++) {
        const jobs = jobsOf(6);
        await context.storage.push(jobs);
        await take(context.storage, requestOf({ limit: 6 }));
        await context.advance(LEASE + 10);
        const rescued = (await Promise.all(sweepers.map((sweeper) => sweeper.rescue(10, 3)))).flat();
        assert.deepEqual(idsOf(rescued).toSorted(), idsOf(jobs).toSorted(), `round ${round}`);
        assert.ok(rescued.every(({ stalls }) => stalls === 1));
        await context.storage.remove(idsOf(jobs));
      }
    },
  },
  {
    name: 'rescue: against a heartbeat, a job is either kept or lost, and the runner is told which',
    async run(context) {
      const [worker, sweeper] = await pairOf(context);
      for (let round = 0; round < 30; round++) await beatAgainstRescue(context, worker, sweeper, round);
    },
  },
];

async function beatAgainstRescue(context: ContractContext, worker: Storage, sweeper: Storage, round: number) {
  const leased = await start(worker);
  await context.advance(LEASE + 10);
  const [{ lost }, rescued] = await race(
    round,
    () => worker.heartbeat(beatOf([leased], 60_000)),
    () => sweeper.rescue(10, 3),
  );
  assert.deepEqual(lost, idsOf(rescued), `round ${round}`);
  const record = await recordOf(context.storage, leased.id);
  assert.deepEqual([record.state, record.stalls], lost.length > 0 ? ['ready', 1] : ['running', 0]);
  if (lost.length > 0) await take(worker);
  await context.storage.complete([completionOf({ id: leased.id, token: leased.token + lost.length })]);
}
