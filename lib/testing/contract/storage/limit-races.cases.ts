import assert from 'node:assert/strict';
import type { LeasedJob } from '../../../core/job.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import { completionOf, jobsOf, requestOf } from '../job-factories.js';
import { idsOf, statsOf, take } from '../looking.js';

/** Limits while several processes take and end jobs at the same time, each as fast as it can. */
export const limitRacesCases: readonly ContractCase[] = [
  {
    name: 'limit: rivals that take and end at the same time never run more than so many, and leave none behind',
    needs: 'limits',
    async run(context) {
      const rivals = await context.rivals(4);
      const { storage } = context;
      await storage.limit('default', { concurrency: 3 });
      await storage.push(jobsOf(90));
      let running = 0;
      await workOff(rivals, 90, (count) => {
        running += count;
        assert.ok(running <= 3, `${running} ran at once`);
      });
      assert.equal((await statsOf(storage)).completed, 90);
    },
  },
  {
    name: 'group: a serial group never runs two at once, and in its order, while rivals take and end',
    needs: 'groups',
    async run(context) {
      const rivals = await context.rivals(4);
      const { storage } = context;
      await storage.limit('default', { concurrency: 5, groups: { concurrency: 1 } });
      const groups = ['a', 'b', 'c', 'd', 'e', 'f'].map((group) => jobsOf(8, { group }));
      await storage.push(groups.flat());
      const running = new Set<string>();
      const order: string[] = [];
      await workOff(rivals, groups.flat().length, (count, { id, group = '' }) => {
        if (count < 0) return void running.delete(group);
        assert.ok(!running.has(group), `${group} ran twice at once`);
        assert.ok(running.add(group).size <= 5, 'more ran than the queue allows');
        order.push(id);
      });
      for (const jobs of groups) {
        const ids = idsOf(jobs);
        assert.deepEqual(
          order.filter((id) => ids.includes(id)),
          ids,
        );
      }
    },
  },
  {
    name: 'limit: rivals that take at the same time start no more than the rate allows',
    needs: 'limits',
    async run(context) {
      const rivals = await context.rivals(4);
      const { storage } = context;
      for (let round = 0; round < 30; round++) {
        const queue = `round ${round}`;
        await storage.limit(queue, { rate: { count: 3, per: 60_000 } });
        await storage.push(jobsOf(9, { queue }));
        const request = requestOf({ queues: [{ queue, limit: 2 }] });
        const taken = (await Promise.all(rivals.map((rival) => take(rival, request)))).flat();
        taken.push(...(await take(storage, request)));
        assert.equal(new Set(idsOf(taken)).size, 3, `round ${round}`);
        assert.equal(taken.length, 3, `round ${round}`);
      }
    },
  },
];

/** Each rival takes and ends jobs until so many have ended. `track`: 1 once a job runs, -1 before it is ended. */
async function workOff(
  rivals: readonly Storage[],
  total: number,
  track: (count: 1 | -1, job: LeasedJob) => void,
): Promise<void> {
  let ended = 0;
  const work = async (rival: Storage, runner: string) => {
    const request = requestOf({ runner, limit: 2 });
    for (let turn = 0; ended < total; turn++) {
      assert.ok(turn < 50 * total, 'the jobs never ended');
      const jobs = await take(rival, request);
      for (const job of jobs) track(1, job);
      await rival.now();
      for (const job of jobs) track(-1, job);
      ended += jobs.length;
      await rival.complete(jobs.map((job) => completionOf(job)));
    }
  };
  await Promise.all(rivals.map((rival, nth) => work(rival, `runner ${nth}`)));
}
