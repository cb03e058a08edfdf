import assert from 'node:assert/strict';
import type { NewJob } from '../../../storage/new-job.js';
import type { Storage } from '../../../storage/storage.js';
import { after } from '../after.js';
import type { ContractCase } from '../contract-case.js';
import { COMPLETED, completedFor, completionOf, deadFor, jobOf, jobsOf } from '../job-factories.js';
import { idsOf, only, pairOf, recordOf, stateOf, statsOf, take } from '../looking.js';
import { race } from '../race.js';

/** Takes the one job that is ready and ends it. */
async function endNext(storage: Storage, settlement = COMPLETED): Promise<string> {
  const job = only(await take(storage));
  await storage.complete([completionOf(job, settlement)]);
  return job.id;
}

/** Flows under rivals, again, and at their largest. */
export const flowRacesCases: readonly ContractCase[] = [
  {
    name: 'flow: pushed again it stays what it is',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('completed', first));
      await storage.push([first, second]);
      await endNext(storage);
      assert.deepEqual(
        (await storage.push([first, second])).map(({ duplicate }) => duplicate),
        [true, true],
      );
      assert.equal(await stateOf(storage, second.id), 'ready');
    },
  },
  {
    name: 'flow: of two last ends at once exactly one frees the job',
    needs: 'flows',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const jobs = jobsOf(2);
        const last = jobOf(after('completed', ...jobs));
        await one.push([...jobs, last]);
        const [a, b] = await take(one);
        assert.ok(a && b);
        await race(
          round,
          () => one.complete([completionOf(a)]),
          () => other.complete([completionOf(b)]),
        );
        const freed = only(await take(one));
        assert.equal(freed.id, last.id, `round ${round}`);
        await one.complete([completionOf(freed)]);
        assert.deepEqual(await take(other), []);
      }
    },
  },
  {
    name: 'flow: ends in opposite orders do not stop each other',
    needs: 'flows',
    async run(context) {
      const [one, other] = await pairOf(context);
      for (let round = 0; round < 30; round++) {
        const [a, b, c, d] = jobsOf(4);
        assert.ok(a && b && c && d);
        const [x, y] = [jobOf(after('ended', a, c)), jobOf(after('ended', b, d))];
        await one.push([a, b, c, d, x, y]);
        const held = new Map((await take(one)).map((job) => [job.id, job]));
        const ends = (...jobs: NewJob[]) =>
          jobs.flatMap(({ id }) => held.get(id) ?? []).map((job) => completionOf(job));
        await race(
          round,
          () => one.complete(ends(a, b)),
          () => other.complete(ends(d, c)),
        );
        const freed = await take(one);
        assert.deepEqual(new Set(idsOf(freed)), new Set([x.id, y.id]), `round ${round}`);
        await one.complete(freed.map((job) => completionOf(job)));
      }
    },
  },
  {
    name: 'flow: a chain of a thousand is cancelled at its head, wholly',
    needs: 'flows',
    async run({ storage }) {
      const chain: NewJob[] = [jobOf()];
      while (chain.length < 1_000) chain.push(jobOf(after('completed', chain.at(-1) as NewJob)));
      await storage.push(chain);
      await storage.cancel([chain[0]?.id ?? ''], 'no');
      assert.equal(await stateOf(storage, chain.at(-1)?.id ?? ''), 'cancelled');
      assert.equal((await statsOf(storage)).blocked, 0);
    },
  },
  {
    name: 'flow: started again in order, from the dead one on, it goes on where it was',
    needs: 'flows',
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('completed', first));
      const third = jobOf(after('completed', second));
      await storage.push([first, second, third]);
      await endNext(storage);
      await endNext(storage, deadFor());
      assert.deepEqual(await storage.retry([third.id]), [false]);
      assert.deepEqual(await storage.retry([second.id, third.id]), [true, true]);
      assert.deepEqual(
        [await stateOf(storage, second.id), await stateOf(storage, third.id)],
        ['ready', 'blocked'],
      );
      assert.equal((await recordOf(storage, third.id)).after?.[0]?.ended, undefined);
      assert.equal(await endNext(storage), second.id);
      assert.equal(await endNext(storage), third.id);
    },
  },
  {
    name: 'flow: what comes to wait for a job that has ended before does not wait for ever',
    needs: 'flows',
    async run({ storage }) {
      const kept = jobOf();
      await storage.push([kept]);
      await endNext(storage);
      const next = jobOf(after('completed', kept));
      await storage.push([kept, next]);
      assert.equal(await stateOf(storage, next.id), 'ready');
    },
  },
  {
    name: 'flow: what comes to wait for a job that waited itself and runs by now learns of its end',
    needs: 'flows',
    async run({ storage }) {
      for (const keep of [3_600_000, false] as const) {
        const first = jobOf();
        const second = jobOf(after('completed', first));
        await storage.push([first, second]);
        await endNext(storage);
        const running = only(await take(storage));
        const third = jobOf(after('completed', second));
        await storage.push([first, second, third]);
        await storage.complete([completionOf(running, completedFor(keep))]);
        assert.equal(await endNext(storage), third.id);
      }
    },
  },
  {
    name: 'flow: jobs that were blocked before their queue had a group are found when they are free',
    needs: ['flows', 'groups'],
    async run({ storage }) {
      const first = jobOf();
      const second = jobOf(after('completed', first));
      const third = jobOf({ ...after('completed', second), group: 'g' });
      await storage.push([first, second, third]);
      const other = jobOf();
      await storage.push([other]);
      await storage.cancel([first.id], 'no');
      assert.deepEqual(idsOf(await take(storage)), [other.id]);
    },
  },
];
