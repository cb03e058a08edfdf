import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { jobOf, jobsOf, newId } from '../../../lib/testing/contract/job-factories.js';
import { BadNetwork, Task } from './bad-network.js';
import { eventually } from './eventually.js';
import { SERVER_STORAGES } from './server-storages.js';

const ROUNDS = 10;
const LEASE = 600;

describe.each(SERVER_STORAGES)('on $name', (row) => {
  it('an enqueue whose reply is lost makes one job', async ({ onTestFinished }) => {
    const { proxy, far, truth } = await BadNetwork.open(row, onTestFinished);
    const ids: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = newId();
      const dropped = proxy.dropNextReply(id);
      const queued = far.queue(new Task(round), { id });
      await dropped;
      // Nothing else has the key, so that a job of the same id is its own.
      expect(await queued).toMatchObject({ id });
      ids.push(id);
    }
    const { jobs } = await truth.list({ limit: 1_000 });
    expect(jobs.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect((await truth.stats()).map(({ ready }) => ready)).toEqual([ROUNDS]);
  });

  it('a batch whose reply is lost is there once', async ({ onTestFinished }) => {
    const { proxy, storage, truth } = await BadNetwork.open(row, onTestFinished);
    const jobs = jobsOf(3_000);
    const dropped = proxy.dropNextReply(jobs.at(-1)?.id);
    const pushed = storage.push(jobs);
    await expect(pushed).rejects.toBeInstanceOf(StorageUnavailableError);
    await dropped;
    expect((await truth.stats()).map(({ ready }) => ready)).toEqual([3_000]);
    expect(await storage.push(jobs)).toEqual(jobs.map(({ id }) => ({ id, duplicate: true })));
    expect((await truth.stats()).map(({ ready }) => ready)).toEqual([3_000]);
  });

  it('calls whose replies are lost are told so at once', async ({ onTestFinished }) => {
    const { proxy, storage } = await BadNetwork.open(row, onTestFinished);
    const job = jobOf();
    const dropped = proxy.dropNextReply(job.id);
    const begun = performance.now();
    await expect(storage.push([job])).rejects.toBeInstanceOf(StorageUnavailableError);
    await dropped;
    expect(performance.now() - begun, 'milliseconds').toBeLessThan(2_000);
  });

  it('a completion whose reply is lost is recorded, and there is no second run', async ({
    onTestFinished,
  }) => {
    const network = await BadNetwork.open(row, onTestFinished);
    const { proxy, near, truth } = network;
    const runs: string[] = [];
    const lost: Promise<void>[] = [];
    const { events } = await network.run(({ id, token }) => {
      runs.push(id);
      lost.push(proxy.dropNextReply(id));
      return `run ${token}`;
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await near.queue(new Task(round));
      await eventually('told', () => events.find((event) => isEnd(event) && event.job.id === id));
      await Promise.all(lost);
      const [record] = await truth.info([id]);
      expect(record).toMatchObject({
        state: 'completed',
        result: '"run 1"',
        token: 1,
        attempt: 0,
        stalls: 0,
      });
    }
    expect(runs).toHaveLength(ROUNDS);
    expect(new Set(runs).size).toBe(ROUNDS);
    expect(events.filter(isEnd).map(({ kind }) => kind)).toEqual(runs.map(() => 'completed'));
  });

  it('jobs that a lost reply gave out run once, after their lease', async ({ onTestFinished }) => {
    const network = await BadNetwork.open(row, onTestFinished);
    const { proxy, near, truth } = network;
    const runs: string[] = [];
    let lost = 0;
    // One after another, so that there is always a next one for a completion to bring along.
    await network.run(
      ({ id }) => {
        runs.push(id);
        if (runs.length % 4 === 1) void proxy.dropNextReply(id).then(() => (lost += 1));
      },
      { queues: { tasks: 2 }, lease: LEASE },
    );
    const ids = (await near.queueAll(Array.from({ length: 24 }, (_, n) => new Task(n)))).map(({ id }) => id);
    const records = await eventually('all completed', async () => {
      const found = (await truth.info(ids)).flatMap((record) => record ?? []);
      return found.every(({ state }) => state === 'completed') ? found : undefined;
    });
    expect(lost, 'replies lost').toBeGreaterThan(0);
    expect(records.map(({ attempt }) => attempt)).toEqual(ids.map(() => 0));
    expect(records.some(({ token }) => token > 1)).toBe(true);
    expect(runs.toSorted()).toEqual(ids.toSorted());
  });
});

function isEnd<E extends { readonly kind: string }>(event: E): event is E & { readonly job: { id: string } } {
  return ['completed', 'lost', 'retrying', 'dead', 'released'].includes(event.kind);
}
