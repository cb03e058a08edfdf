import assert from 'node:assert/strict';
import type { UniqueClaim } from '../../../storage/new-job.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import { COMPLETED, completionOf, deadFor, jobOf, jobsOf, LEASE, retryingIn } from '../job-factories.js';
import { idsOf, only, recordOf, start, statsOf, take } from '../looking.js';

const LIVE: UniqueClaim = { key: 'k', while: 'live' };
const WAITING: UniqueClaim = { key: 'k', while: 'waiting' };

export const uniqueCases: readonly ContractCase[] = [
  {
    name: 'unique: a job whose key is held stores nothing and reports the job that holds it',
    async run({ storage }) {
      const [first, second, other] = [jobOf({ unique: LIVE }), jobOf({ unique: LIVE }), jobOf()];
      assert.deepEqual(await storage.push([first]), [{ id: first.id, duplicate: false }]);
      assert.deepEqual(await storage.push([second, other]), [
        { id: first.id, duplicate: true },
        { id: other.id, duplicate: false },
      ]);
      assert.deepEqual(await storage.info([second.id]), [undefined]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([first, other]));
      assert.equal((await recordOf(storage, first.id)).uniqueKey, 'k');
    },
  },
  {
    name: 'unique: a key that stands twice in one batch makes one job',
    async run({ storage }) {
      const jobs = [
        jobOf({ unique: LIVE }),
        jobOf({ unique: LIVE }),
        jobOf({ unique: { key: 'K', while: 'live' } }),
      ];
      const pushed = await storage.push(jobs);
      assert.deepEqual(
        pushed.map(({ duplicate }) => duplicate),
        [false, true, false],
      );
      assert.equal(pushed[1]?.id, jobs[0]?.id);
      assert.equal((await take(storage)).length, 2);
    },
  },
  {
    name: 'unique: a key held while live is free once its job has ended, however it ended',
    async run({ storage }) {
      for (const settlement of [COMPLETED, deadFor(), deadFor(false)]) {
        const leased = await start(storage, { unique: LIVE });
        await assertHeld(storage, LIVE, leased.id);
        await storage.complete([completionOf(leased, settlement)]);
      }
      const cancelled = jobOf({ unique: LIVE });
      assert.equal(only(await storage.push([cancelled])).duplicate, false);
      await storage.cancel([cancelled.id], '');
      const removed = jobOf({ unique: LIVE });
      assert.equal(only(await storage.push([removed])).duplicate, false);
      await storage.remove([removed.id]);
      assert.equal(only(await storage.push([jobOf({ unique: LIVE })])).duplicate, false);
    },
  },
  {
    name: 'unique: a key held while live is held through retries, snoozes, stalls and releases',
    async run(context) {
      const { storage } = context;
      const { id } = await start(storage, { unique: LIVE });
      await storage.complete([completionOf({ id, token: 1 }, retryingIn(0))]);
      await assertHeld(storage, LIVE, id);
      await take(storage);
      await storage.release([{ id, token: 2 }]);
      await assertHeld(storage, LIVE, id);
      await take(storage);
      await context.advance(LEASE + 10);
      await storage.rescue(10, 3);
      await assertHeld(storage, LIVE, id);
      await take(storage);
      await storage.complete([
        completionOf({ id, token: 4 }, { state: 'scheduled', attempt: 1, stalls: 0, delay: 60_000 }),
      ]);
      await assertHeld(storage, LIVE, id);
    },
  },
  {
    name: 'unique: a key held while waiting is free once its job was taken',
    async run({ storage }) {
      const waiting = jobOf({ unique: WAITING });
      await storage.push([waiting]);
      await assertHeld(storage, WAITING, waiting.id);
      await take(storage);
      const next = jobOf({ unique: WAITING });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
      await assertHeld(storage, WAITING, next.id);
    },
  },
  {
    name: 'unique: a job that comes back while another took its waiting key disturbs neither',
    async run({ storage }) {
      const first = await start(storage, { unique: WAITING });
      const second = jobOf({ unique: WAITING });
      await storage.push([second]);
      assert.deepEqual(await storage.release([first]), ['recorded']);
      assert.equal(only(await storage.push([jobOf({ unique: WAITING })])).duplicate, true);
      const taken = await take(storage);
      assert.deepEqual(idsOf(taken), [first.id, second.id]);
      const { results } = await storage.complete(taken.map((job) => completionOf(job, retryingIn(60_000))));
      assert.deepEqual(results, ['recorded', 'recorded']);
    },
  },
  {
    name: 'unique: a waiting key is freed by the first claim for good, also when the job waits again',
    async run({ storage }) {
      const released = await start(storage, { unique: WAITING });
      await storage.release([released]);
      const next = jobOf({ unique: WAITING });
      assert.deepEqual(await storage.push([next]), [{ id: next.id, duplicate: false }]);
      await assertHeld(storage, WAITING, next.id);
    },
  },
  {
    name: 'unique: a job that was retried has its live key again, unless another has it by then',
    async run({ storage }) {
      const ended = await start(storage, { unique: LIVE });
      await storage.complete([completionOf(ended, deadFor())]);
      assert.deepEqual(await storage.retry([ended.id]), [true]);
      await assertHeld(storage, LIVE, ended.id);
      await take(storage);
      await assertHeld(storage, LIVE, ended.id);
    },
  },
  {
    name: 'unique: of several that are retried at once the first asked for has the key again',
    async run({ storage }) {
      for (const turn of [0, 1]) {
        const jobs = jobsOf(2, { unique: { key: `k${turn}`, while: 'live' } });
        for (const job of jobs) {
          await storage.push([job]);
          await storage.cancel([job.id], 'no');
        }
        const ids = idsOf(turn === 0 ? jobs : jobs.toReversed());
        assert.deepEqual(await storage.retry(ids), [true, true]);
        const [pushed] = await storage.push(jobsOf(1, { unique: { key: `k${turn}`, while: 'live' } }));
        assert.deepEqual(pushed, { id: ids[0], duplicate: true });
      }
    },
  },
  {
    name: 'unique: retrying an ended job whose key another holds disturbs neither',
    async run({ storage }) {
      const ended = await start(storage, { unique: LIVE });
      await storage.complete([completionOf(ended, deadFor())]);
      const holder = jobOf({ unique: LIVE });
      await storage.push([holder]);
      const [retried] = await storage.retry([ended.id]);
      assert.equal(only(await storage.push([jobOf({ unique: LIVE })])).duplicate, true);
      const expected = retried ? [ended.id, holder.id] : [holder.id];
      assert.deepEqual(idsOf(await take(storage)).toSorted(), expected.toSorted());
    },
  },
  {
    name: 'unique: of 50 pushes at once with one key one makes a job, and all report it',
    async run(context) {
      const rivals = await context.rivals(4);
      for (let round = 0; round < 30; round++) {
        const unique = { key: `round ${round}`, while: 'live' } as const;
        const callers = Array.from({ length: 50 }, (_, nth) => rivals.slice(nth % 4).slice(0, 1)).flat();
        const pushed = (await Promise.all(callers.map((rival) => rival.push([jobOf({ unique })])))).flat();
        assert.equal(pushed.filter(({ duplicate }) => !duplicate).length, 1, `round ${round}`);
        assert.equal(new Set(idsOf(pushed)).size, 1, `round ${round}`);
      }
      assert.equal((await statsOf(context.storage)).ready, 30);
    },
  },
];

async function assertHeld(storage: Storage, unique: UniqueClaim, id: string): Promise<void> {
  assert.deepEqual(await storage.push([jobOf({ unique })]), [{ id, duplicate: true }]);
}
