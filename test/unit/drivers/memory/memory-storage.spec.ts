import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StorageClosedError } from '../../../../lib/core/errors.js';
import { MemoryStorage } from '../../../../lib/drivers/memory/memory-storage.js';
import type { Signal } from '../../../../lib/storage/signal.js';
import { FakeClock } from '../../../../lib/testing/fake-clock.js';
import {
  beatOf,
  completedFor,
  completionOf,
  jobOf,
  jobsOf,
  LEASE,
  leaseOf,
  requestOf,
} from '../../../../lib/testing/contract/job-factories.js';

describe('the memory storage', () => {
  it('is empty when it is opened again', async () => {
    const { storage } = await opened();
    const job = jobOf();
    await storage.push([job]);
    await storage.open();
    expect(await storage.info([job.id])).toMatchObject([{ state: 'ready' }]);
    await storage.close();
    await expect(storage.info([job.id])).rejects.toThrow(StorageClosedError);
    await storage.open();
    expect(await storage.info([job.id])).toEqual([undefined]);
    expect(await storage.stats()).toEqual([]);
  });

  it('knows no lease from before it was closed, and none of a job whose record is gone', async () => {
    const { storage } = await opened();
    await storage.push(jobsOf(2));
    const { jobs } = await storage.pop(requestOf());
    // As a runner does: with what it was handed out.
    const [kept, gone] = jobs.map((job) => ({ lease: job, settlement: completedFor(false) }));
    if (kept === undefined || gone === undefined) throw new Error('two jobs were pushed');
    expect(await storage.complete([gone])).toEqual({ results: ['recorded'] });
    expect(await storage.complete([gone])).toEqual({ results: ['gone'] });
    await storage.close();
    await storage.open();
    expect(await storage.complete([kept])).toEqual({ results: ['gone'] });
    expect(await storage.release(jobs)).toEqual(['gone', 'gone']);
  });

  it('tells those who listened before it was opened', async () => {
    const storage = new MemoryStorage();
    const signals: Signal[] = [];
    const stop = storage.subscribe((signal) => signals.push(signal));
    await storage.open();
    await storage.push(jobsOf(2));
    expect(signals).toEqual([{ kind: 'ready', queues: ['default'] }]);
    stop();
    await storage.push(jobsOf(1));
    expect(signals).toHaveLength(1);
  });

  it('tells of each queue once, when the whole step is done', async () => {
    const { storage } = await opened();
    const told: Promise<number>[] = [];
    const signals: Signal[] = [];
    storage.subscribe((signal) => {
      signals.push(signal);
      told.push(storage.pop(requestOf({ limit: 10 })).then(({ jobs }) => jobs.length));
    });
    await storage.push([jobOf(), jobOf({ queue: 'other' }), jobOf(), jobOf({ queue: 'other' })]);
    expect(signals).toEqual([{ kind: 'ready', queues: ['default', 'other'] }]);
    expect(await Promise.all(told)).toEqual([2]);
    await storage.push([jobOf({ queue: 'third' })]);
    expect(signals[1]).toEqual({ kind: 'ready', queues: ['third'] });
  });

  it('hands out what does not change with the job', async () => {
    const { storage } = await opened();
    const { id } = jobOf();
    await storage.push([jobOf({ id, meta: '1' })]);
    const [job] = (await storage.pop(requestOf())).jobs;
    const [before] = await storage.info([id]);
    const copies = structuredClone([job, before]);
    await storage.release([leaseOf({ id, token: 1 })]);
    await storage.change([id], { priority: 7, queue: 'other' });
    await storage.cancel([id], 'enough');
    expect([job, before]).toEqual(copies);
  });

  it('takes from many names in the order of one line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(3), fc.nat(2), fc.nat(20)), { maxLength: 60 }),
        async (specs) => {
          const { storage, clock } = await opened();
          const jobs = specs.map(([name, priority, due]) =>
            jobOf({ name: `name ${name}`, priority, due: { at: clock.now() + due } }),
          );
          await storage.push(jobs);
          await clock.advance(20);
          const popped = await storage.pop(requestOf({ names: ['name 0', 'name 1', 'name 2'], limit: 100 }));
          const line = specs
            .map(([name, priority, due], arrival) => ({ name, priority, due, id: jobs[arrival]?.id }))
            .filter(({ name }) => name < 3)
            .toSorted((a, b) => a.priority - b.priority || a.due - b.due);
          expect(popped.jobs.map(({ id }) => id)).toEqual(line.map(({ id }) => id));
          expect(popped.nextIn).toBeUndefined();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('lists all jobs, newest first, whatever the size of the page', async () => {
    const { storage } = await opened();
    const jobs = jobsOf(23);
    await storage.push(jobs);
    await storage.remove([jobs[4]?.id ?? '', jobs[22]?.id ?? '']);
    const expected = jobs.filter((_, index) => index !== 4 && index !== 22).toReversed();
    for (let limit = 1; limit <= 24; limit += 1) {
      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await storage.list({ limit, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.jobs.length).toBeGreaterThan(0);
        listed.push(...page.jobs.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined && listed.length <= expected.length);
      expect(listed, `pages of ${limit}`).toEqual(expected.map(({ id }) => id));
    }
  });

  it('knows the job that has waited longest, also behind more urgent ones', async () => {
    const { storage, clock } = await opened();
    const start = clock.now();
    await storage.push([jobOf({ priority: 5 })]);
    await clock.advance(10);
    await storage.push([jobOf({ priority: 1 }), jobOf({ name: 'other' })]);
    expect(await storage.stats()).toMatchObject([{ ready: 3, oldestReadyAt: start }]);
    await storage.pop(requestOf({ limit: 1 }));
    await storage.pop(requestOf({ limit: 1 }));
    expect(await storage.stats()).toMatchObject([{ ready: 1, oldestReadyAt: start + 10 }]);
  });
});

describe('a lease of the memory storage', () => {
  it('answers for each token as it did first, however many leases came after', async () => {
    const { storage, clock } = await opened();
    const { id } = jobOf();
    await storage.push([jobOf({ id })]);
    const take = async () => (await storage.pop(requestOf({ limit: 1 }))).jobs[0]?.token ?? 0;
    const again = async (token: number) => (await storage.complete([completionOf({ id, token })])).results[0];

    expect(await storage.release([{ id, token: await take() }])).toEqual(['recorded']);
    await take();
    await clock.advance(LEASE);
    expect(await storage.rescue(10, 3)).toMatchObject([{ state: 'ready', stalls: 1 }]);
    await take();
    expect([await again(1), await again(2), await again(4), await again(0)]).toEqual([
      'recorded',
      'lost',
      'lost',
      'lost',
    ]);
    expect(await storage.info([id])).toMatchObject([{ state: 'running', token: 3 }]);
    expect(await again(3)).toBe('recorded');
    expect([await again(1), await again(2), await again(3)]).toEqual(['recorded', 'lost', 'recorded']);
  });

  it('is rescued in the order in which leases run out, also when some were extended', async () => {
    const { storage, clock } = await opened();
    await storage.push(jobsOf(5));
    const { jobs } = await storage.pop(requestOf({ limit: 5 }));
    await clock.advance(LEASE / 2);
    await storage.heartbeat(beatOf(jobs.filter((_, index) => index !== 3)));
    await clock.advance(LEASE / 2);
    expect((await storage.rescue(10, 3)).map(({ id }) => id)).toEqual([jobs[3]?.id]);
    await storage.heartbeat(beatOf(jobs.slice(0, 1), LEASE / 4));
    await clock.advance(LEASE / 2);
    expect(new Set((await storage.rescue(10, 3)).map(({ id }) => id))).toEqual(
      new Set(jobs.filter((_, index) => index !== 3).map(({ id }) => id)),
    );
  });
});

describe('a unique key of the memory storage', () => {
  it('stays with the job that has it, whatever becomes of one that had it before', async () => {
    const { storage } = await opened();
    const unique = { key: 'k', while: 'waiting' } as const;
    const [first, second] = [jobOf({ unique }), jobOf({ unique })];
    await storage.push([first]);
    const { jobs } = await storage.pop(requestOf());
    expect(await storage.push([second])).toEqual([{ id: second.id, duplicate: false }]);
    await storage.complete(jobs.map((job) => completionOf(job)));
    expect(await storage.push([jobOf({ unique })])).toEqual([{ id: second.id, duplicate: true }]);
  });
});

describe('a clock that is set back', () => {
  it('holds no job up, ends no lease early and reorders nothing', async () => {
    const { storage, clock } = await opened();
    const start = clock.now();
    const [first, second] = [jobOf(), jobOf()];
    await storage.push([first]);
    clock.set(start - 3_600_000);
    await storage.push([second]);
    expect(await storage.now()).toBe(start);
    const { jobs } = await storage.pop(requestOf());
    expect(jobs.map(({ id, runAt }) => [id, runAt])).toEqual([
      [first.id, start],
      [second.id, start],
    ]);
    expect(await storage.info([first.id])).toMatchObject([{ startedAt: start, leaseUntil: start + LEASE }]);
    expect(await storage.rescue(10, 3)).toEqual([]);
    clock.set(start + LEASE);
    expect(await storage.rescue(10, 3)).toHaveLength(2);
  });

  it('repeats no tick of a schedule', async () => {
    const { storage, clock } = await opened();
    const { id: _, due: __, ...template } = jobOf();
    const timing = { kind: 'every', interval: 1000 } as const;
    await storage.putSchedules([
      { key: 'k', timing, missed: 'last', overlap: 'allow', template, firstIn: 1000 },
    ]);
    const start = clock.now();
    await clock.advance(1000);
    const step = { key: 'k', expected: start + 1000, watermark: start + 1000, nextAt: start + 2000 };
    expect(await storage.fire([{ ...step, jobs: [jobOf()] }])).toEqual([true]);
    clock.set(start);
    expect(await storage.dueSchedules(10)).toMatchObject({ now: start + 1000, due: [], nextIn: 1000 });
    expect(await storage.fire([{ ...step, jobs: [jobOf()] }])).toEqual([false]);
    expect(await storage.stats()).toMatchObject([{ ready: 1 }]);
  });
});

async function opened() {
  const clock = new FakeClock();
  const storage = new MemoryStorage({ clock });
  await storage.open();
  return { storage, clock };
}
