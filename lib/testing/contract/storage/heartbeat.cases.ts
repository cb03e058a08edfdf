import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { beatOf, completionOf, jobsOf, LEASE, newId, requestOf, runnerOf } from '../job-factories.js';
import { assertBetween, fieldsOf, idsOf, only, recordOf, start, take } from '../looking.js';

export const heartbeatCases: readonly ContractCase[] = [
  {
    name: 'heartbeat: extends the leases from now, by the clock of the storage',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await context.advance(LEASE / 2);
      const before = await storage.now();
      assert.deepEqual(await storage.heartbeat(beatOf([leased], 2 * LEASE)), { lost: [], cancelled: [] });
      const { leaseUntil, token } = await recordOf(storage, leased.id);
      assertBetween(before + 2 * LEASE, leaseUntil, (await storage.now()) + 2 * LEASE, 'leaseUntil');
      assert.equal(token, leased.token);
    },
  },
  {
    name: 'heartbeat: never shortens a lease',
    async run({ storage }) {
      const leased = await start(storage);
      await storage.heartbeat(beatOf([leased], 60_000));
      const { leaseUntil } = await recordOf(storage, leased.id);
      await storage.heartbeat(beatOf([leased], 50));
      assert.equal((await recordOf(storage, leased.id)).leaseUntil, leaseUntil);
    },
  },
  {
    name: 'heartbeat: keeps a job from rescue for as long as it runs',
    async run(context) {
      const { storage } = context;
      const [kept, left] = [await start(storage), await start(storage)];
      for (let beat = 0; beat < 6; beat++) {
        await context.advance(LEASE / 2);
        await storage.heartbeat(beatOf([kept]));
      }
      assert.deepEqual(idsOf(await storage.rescue(10, 3)), [left.id]);
    },
  },
  {
    name: 'heartbeat: extends only the leases it names, not all that the runner holds',
    async run({ storage }) {
      const [named, other] = [await start(storage), await start(storage)];
      const before = await recordOf(storage, other.id);
      await storage.heartbeat(beatOf([named], 60_000));
      assert.equal((await recordOf(storage, other.id)).leaseUntil, before.leaseUntil);
    },
  },
  {
    name: 'heartbeat: tells which leases are lost, and extends the others',
    async run({ storage }) {
      const [mine, ended, unknown] = [await start(storage), await start(storage), { id: newId(), token: 1 }];
      await storage.complete([completionOf(ended)]);
      const answer = await storage.heartbeat(beatOf([unknown, mine, ended], 60_000));
      assert.deepEqual(answer.lost.toSorted(), [unknown.id, ended.id].toSorted());
      const { leaseUntil = 0 } = await recordOf(storage, mine.id);
      assert.ok(leaseUntil >= (await storage.now()) + 50_000);
    },
  },
  {
    name: 'heartbeat: a thousand leases in one beat',
    async run({ storage }) {
      await storage.push(jobsOf(1_000));
      const taken = await take(storage, requestOf({ limit: 1_000 }));
      assert.deepEqual((await storage.heartbeat(beatOf(taken, 60_000))).lost, []);
      const floor = (await storage.now()) + 50_000;
      const records = await storage.info(idsOf(taken));
      assert.ok(records.every((record) => (record?.leaseUntil ?? 0) > floor));
    },
  },
  {
    name: 'heartbeat: registers the runner, with what it told of itself and how many jobs it runs',
    async run({ storage }) {
      await start(storage);
      const leased = await start(storage);
      await start(storage, {}, 'somebody else');
      const before = await storage.now();
      await storage.heartbeat(beatOf([leased]));
      const { beatAt, running, ...runner } = only(await storage.runners());
      assert.deepEqual([fieldsOf(runner), running], [runnerOf(), 2]);
      assertBetween(before, beatAt, await storage.now(), 'beatAt');
    },
  },
  {
    name: 'heartbeat: a later beat replaces what is known of the runner',
    async run({ storage }) {
      await storage.heartbeat(beatOf([]));
      const runner = { ...runnerOf(), queues: { mail: 3, 'a"b': 1 }, names: ['x', "it's"] };
      await storage.heartbeat({ runner, lease: LEASE, leases: [] });
      const { queues, names, running } = only(await storage.runners());
      assert.deepEqual(
        { queues, names, running },
        { queues: runner.queues, names: runner.names, running: 0 },
      );
    },
  },
  {
    name: 'heartbeat: a runner whose beats stop is no longer live',
    async run(context) {
      const { storage } = context;
      await storage.heartbeat(beatOf([], LEASE, 'a'));
      await storage.heartbeat(beatOf([], 60_000, 'b'));
      await context.advance(LEASE + 10);
      assert.deepEqual(idsOf(await storage.runners()), ['b']);
      await storage.heartbeat(beatOf([], LEASE, 'a'));
      assert.deepEqual(idsOf(await storage.runners()).toSorted(), ['a', 'b']);
    },
  },
  {
    name: 'leave: forgets the runner, whose leases go on until they run out',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      await storage.heartbeat(beatOf([leased]));
      await storage.leave('runner');
      await storage.leave('nobody');
      assert.deepEqual(await storage.runners(), []);
      assert.deepEqual(await storage.rescue(10, 3), []);
      assert.equal((await recordOf(storage, leased.id)).state, 'running');
      await context.advance(LEASE + 10);
      assert.deepEqual(idsOf(await storage.rescue(10, 3)), [leased.id]);
    },
  },
];
