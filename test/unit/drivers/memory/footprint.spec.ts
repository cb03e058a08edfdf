import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../../../lib/drivers/memory/memory-storage.js';
import type { NewJob } from '../../../../lib/storage/new-job.js';
import { FakeClock } from '../../../../lib/testing/fake-clock.js';
import {
  completionOf,
  jobOf,
  jobsOf,
  keeping,
  requestOf,
} from '../../../../lib/testing/contract/job-factories.js';
import { heldAfter } from './held-memory.js';

const MEGABYTE = 1e6;
const LONG = 'x'.repeat(400);
const GONE = keeping({ completed: false, dead: false, cancelled: false });

let clock: FakeClock;
let storage: MemoryStorage;

beforeEach(async () => {
  clock = new FakeClock();
  storage = new MemoryStorage({ clock });
  await storage.open();
  // What is compiled and allocated once belongs to no job.
  await eachBatch(10, async () => cancelled(await stored({ policy: GONE })));
});

describe('what the memory storage holds', { timeout: 30_000 }, () => {
  it.each([
    ['ready', { in: 0 }],
    ['scheduled', { in: 60_000 }],
  ])('is at most 60 MB for 100,000 %s jobs, their ids and payloads included', async (_, due) => {
    let serial = 0;
    const held = await heldAfter(() =>
      eachBatch(100, () =>
        storage.push(
          // Texts made apart, as they come out of an encoder: equal names and policies must be shared.
          jobsOf(1000).map((job) => ({
            ...oneOfTwoKinds(job, (serial += 1)),
            due,
            payload: payloadOf(serial),
          })),
        ),
      ),
    );
    expect(held / MEGABYTE).toBeLessThan(60);
    // Less than the payloads would mean that nothing was held or measured.
    expect(held / MEGABYTE).toBeGreaterThan(14);
    const [queue] = await storage.stats();
    expect((queue?.ready ?? 0) + (queue?.scheduled ?? 0)).toBe(100_000);
  });

  it('is an id and a payload in one piece each, however they were put together', async () => {
    const jobs = () => jobsOf(1000).map((job) => ({ ...job, id: inPieces(job.id), payload: inPieces(LONG) }));
    const held = await heldAfter(() => eachBatch(10, () => storage.push(jobs())));
    expect(held / 10_000).toBeLessThan(LONG.length + 400);
  });

  it('is nothing for jobs that were cancelled, removed, done or pruned', async () => {
    const held = await heldAfter(async () => {
      await eachBatch(20, async () => cancelled(await stored({ policy: GONE, due: { in: 60_000 } })));
      await eachBatch(20, async () => storage.remove(await stored({ priority: 3 })));
      await eachBatch(20, async () => done(await stored({ policy: GONE })));
      await eachBatch(20, async () => done(await stored({ policy: keeping({ completed: 1000 }) })));
      await clock.advance(1000);
      while ((await storage.prune(1000)) > 0);
    });
    expect((await storage.list({ limit: 1 })).jobs).toEqual([]);
    expect(held / MEGABYTE).toBeLessThan(2);
  });

  it('is nothing for cancelled jobs while one that was there before them waits on', async () => {
    await storage.push([jobOf(), jobOf({ due: { in: 60_000 } })]);
    const held = await heldAfter(async () => {
      await eachBatch(20, async () => cancelled(await stored({ policy: GONE })));
      await eachBatch(20, async () => cancelled(await stored({ policy: GONE, due: { in: 90_000 } })));
    });
    expect(held / MEGABYTE).toBeLessThan(2);
  });

  it('is nothing for unique keys that are free again', async () => {
    const unique = (index: number) =>
      ({ key: `key ${index}`, while: index % 2 ? 'live' : 'waiting' }) as const;
    let serial = 0;
    const held = await heldAfter(() =>
      eachBatch(20, async () => {
        const jobs = jobsOf(1000, { policy: GONE }).map((job) => ({ ...job, unique: unique((serial += 1)) }));
        await storage.push(jobs);
        await done(jobs.map(({ id }) => id));
      }),
    );
    expect(held / MEGABYTE).toBeLessThan(2);
  });

  it.each([
    ['ready', { in: 0 }],
    ['scheduled', { in: 60_000 }],
  ])('is a few numbers for a queue whose %s jobs are gone', async (_, due) => {
    let serial = 0;
    const queues = 20_000;
    const held = await heldAfter(() =>
      eachBatch(queues / 1000, async () => {
        const jobs = jobsOf(1000, { policy: GONE }).map((job) => ({
          ...job,
          queue: `queue ${(serial += 1)}`,
          due,
        }));
        await storage.push(jobs);
        await cancelled(jobs.map(({ id }) => id));
      }),
    );
    expect((await storage.stats()).length).toBeGreaterThanOrEqual(queues);
    expect(held / queues).toBeLessThan(240);
  });

  it('does not grow with policies and names that no job has any more', async () => {
    let serial = 0;
    const held = await heldAfter(() =>
      eachBatch(20, async () => {
        const own = () => keeping({ completed: (serial += 1), cancelled: false });
        const jobs = jobsOf(1000).map((job) => ({ ...job, name: `name ${serial}`, policy: own() }));
        await storage.push(jobs);
        await cancelled(jobs.map(({ id }) => id));
      }),
    );
    expect(held / MEGABYTE).toBeLessThan(2);
  });

  it('is let go of when it is closed', async () => {
    const held = await heldAfter(async () => {
      await eachBatch(20, () => storage.push(jobsOf(1000)));
      await storage.close();
    });
    expect(held / MEGABYTE).toBeLessThan(1);
  });
});

async function eachBatch(batches: number, action: () => Promise<unknown>): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) await action();
}

async function stored(over: Partial<NewJob>): Promise<string[]> {
  return (await storage.push(jobsOf(1000, over))).map(({ id }) => id);
}

async function cancelled(ids: readonly string[]): Promise<void> {
  const results = await storage.cancel(ids, 'not needed');
  expect(results.every((result) => result === 'cancelled')).toBe(true);
}

async function done(ids: readonly string[]): Promise<void> {
  const { jobs } = await storage.pop(requestOf({ limit: ids.length }));
  expect(jobs.map(({ id }) => id)).toEqual(ids);
  const keep = jobs[0]?.policy === GONE ? false : 1000;
  await storage.complete(
    jobs.map((job) => completionOf(job, { state: 'completed', attempt: 0, stalls: 0, keep })),
  );
}

function oneOfTwoKinds(job: NewJob, serial: number): NewJob {
  const { policy } = job;
  return JSON.parse(JSON.stringify({ ...job, policy: serial % 2 ? policy : GONE })) as NewJob;
}

/** About 140 characters. */
function payloadOf(serial: number): string {
  return JSON.stringify({ serial, text: 'x'.repeat(120) });
}

function inPieces(text: string): string {
  let whole = '';
  for (let at = 0; at < text.length; at += 20) whole += text.slice(at, at + 20);
  return whole;
}
