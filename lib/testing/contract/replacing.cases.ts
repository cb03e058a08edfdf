import assert from 'node:assert/strict';
import type { UniqueClaim } from '../../storage/new-job.js';
import type { ContractCase } from './contract-case.js';
import { COMPLETED, completedFor, completionOf, jobOf, jobsOf, keeping } from './job-factories.js';
import { only, pairOf, recordOf, start, stateOf, take } from './looking.js';
import { race } from './race.js';

const FOR: UniqueClaim = { key: 'k', while: { for: 100 } };
const DEBOUNCED: UniqueClaim = { key: 'k', while: 'waiting', replace: ['payload', 'due'] };

export const replacingCases: readonly ContractCase[] = [
  {
    name: 'unique: a key held for a time is held until that is over, whatever becomes of the job and its record',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage, { unique: FOR });
      const twice = async () => only(await storage.push([jobOf({ unique: FOR })]));
      assert.deepEqual(await twice(), { id: leased.id, duplicate: true });
      await storage.complete([completionOf(leased, completedFor(false))]);
      assert.deepEqual(await twice(), { id: leased.id, duplicate: true });
      await context.advance(110);
      const next = jobOf({ unique: FOR });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
      await storage.remove([next.id]);
      assert.equal((await twice()).id, next.id);
    },
  },
  {
    name: 'unique: a key held for a time holds against a key held while live, and the other way round',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const live: UniqueClaim = { key: 'k', while: 'live' };
      const [first, second] = [jobOf({ unique: FOR }), jobOf({ unique: live })];
      await storage.push([first]);
      assert.equal(only(await storage.push([second])).id, first.id);
      await context.advance(110);
      assert.equal(only(await storage.push([second])).duplicate, false);
      assert.deepEqual(await storage.push([jobOf({ unique: FOR })]), [{ id: second.id, duplicate: true }]);
    },
  },
  {
    name: 'unique: for a time, pushing the same job again makes no second one, and no longer time',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const job = jobOf({ unique: FOR });
      await storage.push([job]);
      await context.advance(60);
      assert.deepEqual(await storage.push([job]), [{ id: job.id, duplicate: true }]);
      await context.advance(60);
      assert.equal(only(await storage.push([jobOf({ unique: FOR })])).duplicate, false);
    },
  },
  {
    name: 'unique: for a time, of fifty pushed at once one is stored',
    needs: 'replacing',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 10; round++) {
        const unique: UniqueClaim = { key: `k${round}`, while: { for: 60_000 } };
        const pushed = await Promise.all(
          jobsOf(50, { unique }).map((job, nth) => (nth % 2 === 0 ? one : other).push([job])),
        );
        const stored = pushed.flat().filter(({ duplicate }) => !duplicate);
        assert.equal(stored.length, 1, `round ${round}`);
        assert.deepEqual(new Set(pushed.flat().map(({ id }) => id)), new Set([stored[0]?.id]));
      }
    },
  },
  {
    name: 'replace: a waiting job takes payload, policy, meta and time over, and stays itself',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const first = jobOf({ unique: DEBOUNCED, due: { in: 40 }, payload: '{"n":1}' });
      await storage.push([first]);
      const policy = keeping({ dead: 7 });
      const next = jobOf({ unique: DEBOUNCED, due: { in: 60_000 }, payload: '{"n":2}', meta: '"m"', policy });
      assert.deepEqual(await storage.push([next]), [{ id: first.id, duplicate: true, replaced: true }]);
      await context.advance(50);
      assert.deepEqual(await take(storage), []);
      const sooner = jobOf({ unique: DEBOUNCED, payload: '{"n":3}', meta: '"m"', policy });
      assert.equal(only(await storage.push([sooner])).replaced, true);
      const taken = only(await take(storage));
      assert.deepEqual(
        [taken.id, taken.payload, taken.meta, taken.policy, taken.attempt, taken.token],
        [first.id, '{"n":3}', '"m"', policy, 0, 1],
      );
    },
  },
  {
    name: 'replace: payload alone leaves the time, due alone the payload',
    needs: 'replacing',
    async run({ storage }) {
      const first = jobOf({ unique: { ...DEBOUNCED, replace: ['payload'] }, due: { in: 60_000 } });
      await storage.push([first]);
      const { runAt } = await recordOf(storage, first.id);
      await storage.push([jobOf({ unique: { ...DEBOUNCED, replace: ['payload'] }, payload: '{"n":2}' })]);
      const replaced = await recordOf(storage, first.id);
      assert.deepEqual([replaced.payload, replaced.runAt, replaced.state], ['{"n":2}', runAt, 'scheduled']);
      await storage.push([jobOf({ unique: { ...DEBOUNCED, replace: ['due'] }, payload: '{"n":3}' })]);
      const due = await recordOf(storage, first.id);
      assert.deepEqual([due.payload, due.state], ['{"n":2}', 'ready']);
    },
  },
  {
    name: 'replace: a job that runs is left alone, and one that has ended holds no key',
    needs: 'replacing',
    async run({ storage }) {
      const unique: UniqueClaim = { key: 'k', while: 'live', replace: ['payload', 'due'] };
      const leased = await start(storage, { unique });
      assert.deepEqual(await storage.push([jobOf({ unique, payload: '{"n":2}' })]), [
        { id: leased.id, duplicate: true },
      ]);
      assert.equal((await recordOf(storage, leased.id)).payload, '{}');
      await storage.complete([completionOf(leased, COMPLETED)]);
      const next = jobOf({ unique, payload: '{"n":2}' });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
    },
  },
  {
    name: 'replace: a job is replaced before it is claimed or not at all',
    needs: 'replacing',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const [first, next] = [
          jobOf({ unique: DEBOUNCED }),
          jobOf({ unique: DEBOUNCED, payload: '{"n":2}' }),
        ];
        await one.push([first]);
        const [pushed, taken] = await race(
          round,
          () => one.push([next]),
          () => take(other),
        );
        const job = only(taken.length > 0 ? taken : await take(other));
        const { duplicate, replaced = false } = only(pushed);
        if (duplicate) assert.equal(job.payload, replaced ? '{"n":2}' : '{}', `round ${round}`);
        else assert.equal(await stateOf(one, next.id), 'ready', `round ${round}`);
        await one.remove([next.id]);
        await one.complete([completionOf(job)]);
      }
    },
  },
];
