import assert from 'node:assert/strict';
import type { NewJob, UniqueClaim } from '../../../storage/new-job.js';
import type { ContractCase } from '../contract-case.js';
import {
  COMPLETED,
  completedFor,
  completionOf,
  jobOf,
  jobsOf,
  keeping,
  requestFor,
  retryingIn,
} from '../job-factories.js';
import { idsOf, only, pairOf, recordOf, start, stateOf, statsOf, take } from '../looking.js';
import { newsOf } from '../news.js';
import { race } from '../race.js';

const FOR: UniqueClaim = { key: 'k', while: { for: 100 } };
const KEPT = { key: 'k', while: 'live' } as const;
const PAYLOAD: UniqueClaim = { ...KEPT, replace: ['payload'] };
const DUE: UniqueClaim = { ...KEPT, replace: ['due'] };
const BOTH: UniqueClaim = { ...KEPT, replace: ['payload', 'due'] };
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
    name: 'unique: for a time, the same job twice in one push holds what the first of the two asks for',
    needs: 'replacing',
    async run({ storage }) {
      const first = jobOf({ unique: { key: 'k', while: 'live' } });
      await storage.push([first, { ...first, unique: { key: 'k', while: { for: 60_000 } } }]);
      await storage.remove([first.id]);
      const next = jobOf({ unique: { key: 'k', while: 'live' } });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
    },
  },
  {
    name: 'unique: for a time, the same job twice in one push is told who has the key that the first asks for',
    needs: 'replacing',
    async run({ storage }) {
      const holder = jobOf({ unique: { key: 'k', while: { for: 60_000 } } });
      await storage.push([holder]);
      await storage.remove([holder.id]);
      const job = jobOf();
      const twice = ['k', 'l'].map((key): NewJob => ({ ...job, unique: { key, while: 'live' } }));
      assert.deepEqual(await storage.push(twice), [
        { id: holder.id, duplicate: true },
        { id: job.id, duplicate: false },
      ]);
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
  {
    name: 'replace: refused by a storage that declares none, and the batch stores nothing',
    lacks: 'replacing',
    async run({ storage }) {
      const jobs = [jobOf(), jobOf({ unique: BOTH })];
      await assert.rejects(storage.push(jobs), { code: 'UNSUPPORTED' });
      assert.deepEqual(await storage.info(idsOf(jobs)), [undefined, undefined]);
    },
  },
  {
    name: 'replace: a job that waits out its backoff keeps what it went through',
    needs: 'replacing',
    async run({ storage }) {
      const leased = await start(storage, { unique: KEPT });
      await storage.complete([completionOf(leased, retryingIn(60_000, 3))]);
      await storage.push([jobOf({ due: { in: 70_000 }, unique: DUE })]);
      assert.equal(await stateOf(storage, leased.id), 'scheduled');
      assert.deepEqual(await storage.push([jobOf({ payload: '{"n":1}', unique: BOTH })]), [heldBy(leased)]);
      const { state, failures, enqueuedAt } = await recordOf(storage, leased.id);
      assert.deepEqual([state, failures.length, enqueuedAt], ['ready', 1, leased.enqueuedAt]);
      const [again] = await take(storage);
      assert.deepEqual([again?.payload, again?.token, again?.attempt], ['{"n":1}', 2, 3]);
      assert.equal((await statsOf(storage)).retrying, 0);
    },
  },
  {
    name: 'replace: a key held while waiting is replaced until its job is taken; then the next job has it',
    needs: 'replacing',
    async run({ storage }) {
      const unique: UniqueClaim = { key: 'w', while: 'waiting', replace: ['payload'] };
      const first = jobOf({ unique });
      await storage.push([first]);
      assert.deepEqual(await storage.push([jobOf({ unique, payload: '1' })]), [heldBy(first)]);
      assert.equal(only(await take(storage)).payload, '1');
      const next = jobOf({ unique });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
    },
  },
  {
    name: 'replace: within one batch the last one wins',
    needs: 'replacing',
    async run({ storage }) {
      const jobs = ['1', '2', '3'].map((payload) => jobOf({ payload, unique: PAYLOAD }));
      const [first] = jobs;
      assert.ok(first);
      assert.deepEqual(await storage.push(jobs), [
        { id: first.id, duplicate: false },
        heldBy(first),
        heldBy(first),
      ]);
      assert.deepEqual(
        (await take(storage)).map(({ id, payload }) => [id, payload]),
        [[first.id, '3']],
      );
    },
  },
  {
    name: 'replace: a push that is repeated, since its answer was lost, changes nothing more',
    needs: 'replacing',
    async run({ storage }) {
      const [first, second] = [jobOf({ unique: BOTH }), jobOf({ payload: '2', unique: BOTH })];
      await storage.push([first]);
      await storage.push([second]);
      const before = await recordOf(storage, first.id);
      const [again] = await storage.push([second]);
      assert.equal(again?.id, first.id);
      const { runAt, ...after } = await recordOf(storage, first.id);
      assert.deepEqual({ ...after, runAt: before.runAt }, before);
      assert.ok(runAt >= before.runAt);
      // The holder's own push, repeated, must not undo what it has taken over since.
      assert.deepEqual(await storage.push([first]), [{ id: first.id, duplicate: true }]);
      assert.equal((await recordOf(storage, first.id)).payload, '2');
    },
  },
  {
    name: 'replace: a time that comes nearer is news to those that wait for it',
    needs: 'replacing',
    async run(context) {
      const { storage } = context;
      const first = jobOf({ unique: KEPT, queue: 'mail', due: { in: 60_000 } });
      await storage.push([first]);
      const news = newsOf(storage);
      // News of the first push may still be on its way, so that one round proves little.
      for (const delay of [0, 50_000, 0, 40_000, 0]) {
        news.clear();
        await storage.push([jobOf({ due: { in: delay }, unique: DUE })]);
        await context.eventually(() => news.tells('mail'), 'news of the queue of the replaced job');
      }
      assert.equal(only(await take(storage, requestFor('mail'))).id, first.id);
    },
  },
];

/** The answer to a push that the job takes over. */
function heldBy({ id }: Pick<NewJob, 'id'>) {
  return { id, duplicate: true, replaced: true };
}
